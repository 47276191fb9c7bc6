using System.Globalization;
using System.Text;
using Metering.Contracts;
using Metering.Host.Settings;

namespace Metering.Host.Import;

/// <summary>
/// Reads a row's time, kept to 100 ns. Without a format: a date, or a date and a time, with or without zone, as in
/// <c>2023-11-16 18:17:03.9799600</c>. What has no zone is UTC.
/// </summary>
internal sealed class RowTime(string? format)
{
    /// <summary>Units of a number since 1970, in ticks of 100 ns.</summary>
    private static readonly Dictionary<string, decimal> s_units = new()
    {
        ["unix"] = TimeSpan.TicksPerSecond,
        ["unix-ms"] = TimeSpan.TicksPerMillisecond,
        ["unix-us"] = TimeSpan.TicksPerMicrosecond,
        ["unix-ns"] = 0.01m,
    };

    private readonly decimal? _unit = format is not null && s_units.TryGetValue(format, out decimal unit) ? unit : null;

    /// <exception cref="SettingsException">A format that .NET cannot read a time with.</exception>
    public static RowTime For(string? format)
    {
        RowTime time = new(format);
        return format is null || time._unit is not null || time.ReadsWhatItWrites()
            ? time
            : throw new SettingsException($"--time-format {format}: expected unix, unix-ms, unix-us, unix-ns or a .NET format such as dd.MM.yyyy HH:mm:ss.");
    }

    public bool TryParse(string text, out long ticks) =>
        _unit is { } unit ? TryUnix(text, unit, out ticks)
        : format is not null ? TryFormat(text, out ticks)
        : TryPlain(text.Trim(), out ticks);

    private bool ReadsWhatItWrites()
    {
        try
        {
            return TryFormat(new DateTime(2024, 2, 29, 13, 14, 15, DateTimeKind.Utc).ToString(format, CultureInfo.InvariantCulture), out _);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static bool TryPlain(string text, out long ticks)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text.Length == 10 ? text + "T00:00:00Z" : text);
        return EventTime.TryParse(utf8, out ticks) || EventTime.TryParse([.. utf8, (byte)'Z'], out ticks);
    }

    private static bool TryUnix(string text, decimal unit, out long ticks)
    {
        ticks = 0;
        if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out decimal number)
            || Math.Abs(number) > 1e20m)
        {
            return false;
        }

        decimal exact = Math.Floor(number * unit) + DateTimeOffset.UnixEpoch.Ticks;
        bool fits = exact >= 0 && exact <= DateTime.MaxValue.Ticks;
        ticks = fits ? (long)exact : 0;
        return fits;
    }

    private bool TryFormat(string text, out long ticks)
    {
        bool read = DateTimeOffset.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowWhiteSpaces, out DateTimeOffset time);
        ticks = time.UtcTicks;
        return read;
    }
}
