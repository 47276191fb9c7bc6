using System.Globalization;

namespace Metering.LoadGenerator;

/// <summary>Numbers as the tables show them.</summary>
internal static class Figures
{
    public static string Text(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public static string Fine(double value) => value.ToString("N2", CultureInfo.InvariantCulture);

    /// <summary>p50 / p99 / max, and of how many.</summary>
    public static string Spread(IReadOnlyCollection<double> values)
    {
        double[] sorted = [.. values.Order()];
        return $"{Text(At(sorted, 0.5))} / {Text(At(sorted, 0.99))} / {Text(sorted[^1])} of {sorted.Length}";
    }

    private static double At(double[] sorted, double quantile) =>
        sorted[(int)Math.Min(sorted.Length - 1, Math.Ceiling(sorted.Length * quantile) - 1)];
}
