using System.Globalization;

namespace Metering.Billing.Tests;

/// <summary>How many random cases a law is tried on: its own number, times METERING_TEST_CASES, which is 1 unless set.</summary>
internal static class CaseCount
{
    private static readonly int s_times = int.Parse(Environment.GetEnvironmentVariable("METERING_TEST_CASES") is { Length: > 0 } times ? times : "1", CultureInfo.InvariantCulture);

    public static int Of(int number) => number * s_times;
}
