namespace Metering.Billing.Periods;

/// <summary>
/// Where boundary 0 is, as a wall clock shows it. It keeps the day of the month that was asked for, 31 for instance, so that every boundary is clamped from it:
/// 31 January, 29 February, 31 March.
/// </summary>
public sealed record BillingAnchor
{
    private BillingAnchor(DateTime local, int day)
    {
        Local = local;
        Day = day;
    }

    /// <summary>Date and time of day. For months and longer only its month and its time of day count.</summary>
    public DateTime Local { get; }

    /// <summary>1 to 31, even when the month of <see cref="Local"/> is shorter.</summary>
    public int Day { get; }

    public static BillingAnchor At(DateTime local) => new(local, local.Day);

    /// <summary>
    /// That day in the month of <paramref name="local"/>, whether it is before or after it. Days and weeks count from <paramref name="local"/> itself.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 1 to 31.</exception>
    public static BillingAnchor OnDay(DateTime local, int day)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(day, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(day, 31);
        return new(local, day);
    }

    /// <summary>The beginning of the calendar's own day, week (Monday), month, quarter, half-year or year.</summary>
    public static BillingAnchor Calendar(DateTime local, IntervalUnit unit) => At(unit switch
    {
        IntervalUnit.Day => local.Date,
        IntervalUnit.Week => MondayOf(local.Date),
        IntervalUnit.Month => new DateTime(local.Year, local.Month, 1),
        IntervalUnit.Quarter => new DateTime(local.Year, local.Month - ((local.Month - 1) % 3), 1),
        IntervalUnit.HalfYear => new DateTime(local.Year, local.Month - ((local.Month - 1) % 6), 1),
        IntervalUnit.Year => new DateTime(local.Year, 1, 1),
    });

    private static DateTime MondayOf(DateTime date) => date.AddTicks(-((int)date.DayOfWeek + 6) % 7 * TimeSpan.TicksPerDay);
}
