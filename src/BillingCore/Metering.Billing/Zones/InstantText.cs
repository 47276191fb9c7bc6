using System.Globalization;

namespace Metering.Billing.Zones;

/// <summary>
/// A point in time as people write it: a local date (its midnight), a local date-time, or an instant with Z. Whole seconds; other offsets than Z are
/// refused, because they would claim to know the zone's rules.
/// </summary>
public readonly record struct InstantText
{
    public const string Expected = "must be a date (2026-01-31), a local date-time (2026-01-31T09:30) or an instant (2026-01-31T09:30:00Z), in whole seconds";

    private static readonly string[] s_formats = ["yyyy-MM-dd", "yyyy-MM-ddTHH:mm", "yyyy-MM-ddTHH:mm:ss.FFFFFFF"];

    private readonly DateTime _written;
    private readonly bool _isUtc;

    private InstantText(DateTime written, bool isUtc)
    {
        _written = written;
        _isUtc = isUtc;
    }

    public static bool TryParse(string text, out InstantText value)
    {
        bool isUtc = text.EndsWith('Z');
        string[] formats = isUtc ? s_formats[1..] : s_formats;
        bool parsed = DateTime.TryParseExact(isUtc ? text[..^1] : text, formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime written);
        value = new InstantText(written, isUtc);
        return parsed && written.Ticks % TimeSpan.TicksPerSecond == 0;
    }

    /// <exception cref="ArgumentOutOfRangeException">Outside the years 1 to 9999.</exception>
    public DateTimeOffset In(ZoneRules zone) => _isUtc ? new DateTimeOffset(_written, TimeSpan.Zero) : zone.ToInstant(_written);

    /// <summary>What a clock of the zone shows then; a local time as it was written, even when the zone skips it.</summary>
    /// <inheritdoc cref="In"/>
    public DateTime LocalIn(ZoneRules zone) => _isUtc ? zone.ToLocal(new DateTimeOffset(_written, TimeSpan.Zero)) : _written;
}
