namespace Metering.Billing.Periods;

public enum IntervalUnit
{
    Day,
    Week,
    Month,
    Quarter,
    HalfYear,
    Year,
}

/// <summary>How long a billing period is: a unit of the calendar, a number of times.</summary>
public readonly record struct BillingInterval
{
    /// <summary>Twenty-seven years of days: longer is a mistake.</summary>
    public const int MaxCount = 10_000;

    /// <param name="count">1 to <see cref="MaxCount"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is outside its range.</exception>
    public BillingInterval(IntervalUnit unit, int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxCount);
        Unit = unit;
        Count = count;
    }

    public IntervalUnit Unit { get; }

    public int Count { get; }

    /// <summary>Whether it is a number of days, whatever the month.</summary>
    internal bool IsDays => Unit is IntervalUnit.Day or IntervalUnit.Week;

    /// <summary>Which of two intervals is the longer one; a month counts as 30 days.</summary>
    internal int ApproximateDays => IsDays ? Length : Length * 30;

    /// <summary>Its length: in days when <see cref="IsDays"/>, else in months.</summary>
    internal int Length => Count * Unit switch
    {
        IntervalUnit.Day => 1,
        IntervalUnit.Week => 7,
        IntervalUnit.Month => 1,
        IntervalUnit.Quarter => 3,
        IntervalUnit.HalfYear => 6,
        IntervalUnit.Year => 12,
    };
}
