using System.Globalization;
using Metering.Billing.Zones;

namespace Metering.Billing.Periods;

public enum AnchorKind
{
    /// <summary>Local midnight of the start date.</summary>
    Anniversary,

    /// <summary>The start itself: every boundary keeps its time of day on the wall clock.</summary>
    Instant,

    /// <summary>The calendar's own weeks, months, quarters and years.</summary>
    Calendar,

    /// <summary>A day of the month, at local midnight.</summary>
    DayOfMonth,
}

/// <summary>How a subscription finds its anchor. All its components share the anchor, whatever their intervals.</summary>
public readonly record struct AnchorRule
{
    private const string DayText = "day ";

    private AnchorRule(AnchorKind kind, int day)
    {
        Kind = kind;
        Day = day;
    }

    public static AnchorRule Anniversary => default;

    public static AnchorRule Instant { get; } = new(AnchorKind.Instant, 0);

    public static AnchorRule Calendar { get; } = new(AnchorKind.Calendar, 0);

    public AnchorKind Kind { get; }

    /// <summary>1 to 31 for <see cref="AnchorKind.DayOfMonth"/>, else 0.</summary>
    public int Day { get; }

    /// <exception cref="ArgumentOutOfRangeException">Not 1 to 31.</exception>
    public static AnchorRule OnDay(int day)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(day, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(day, 31);
        return new(AnchorKind.DayOfMonth, day);
    }

    /// <summary><c>anniversary</c>, <c>instant</c>, <c>calendar</c>, or <c>day 31</c>.</summary>
    public static bool TryParse(string text, out AnchorRule rule)
    {
        bool hasDay = int.TryParse(text.AsSpan(text.StartsWith(DayText, StringComparison.Ordinal) ? DayText.Length : 0), NumberStyles.None, CultureInfo.InvariantCulture, out int day);
        (rule, bool known) = text switch
        {
            "anniversary" => (Anniversary, true),
            "instant" => (Instant, true),
            "calendar" => (Calendar, true),
            _ => hasDay && day is >= 1 and <= 31 && text == OnDay(day).ToString() ? (OnDay(day), true) : (default, false),
        };
        return known;
    }

    /// <summary>What <see cref="TryParse"/> reads.</summary>
    public override string ToString() => Kind switch
    {
        AnchorKind.Anniversary => "anniversary",
        AnchorKind.Instant => "instant",
        AnchorKind.Calendar => "calendar",
        AnchorKind.DayOfMonth => string.Create(CultureInfo.InvariantCulture, $"{DayText}{Day}"),
    };

    /// <exception cref="ArgumentException">Calendar periods of more than one unit: the calendar does not say where they begin.</exception>
    public BillingAnchor Resolve(DateTimeOffset start, ZoneRules zone, BillingInterval interval)
    {
        if (Kind == AnchorKind.Calendar && interval.Count != 1)
        {
            throw new ArgumentException($"A calendar anchor takes one unit at a time, not {interval.Count}.", nameof(interval));
        }

        DateTime local = zone.ToLocal(start);
        DateTime midnight = zone.DateOf(start).ToDateTime(TimeOnly.MinValue);
        return Kind switch
        {
            AnchorKind.Anniversary => BillingAnchor.At(midnight),
            AnchorKind.Instant => BillingAnchor.At(local),
            AnchorKind.Calendar => BillingAnchor.Calendar(midnight, interval.Unit),
            AnchorKind.DayOfMonth => BillingAnchor.OnDay(midnight, Day),
        };
    }
}
