using Metering.Billing.Periods;
using NodaTime;
using NodaTime.TimeZones;

namespace Metering.Billing.Tests.Periods;

/// <summary>
/// Boundaries found the slow way: one day after the other on the calendar, the month's last day when the wanted one does not come, and NodaTime's own reading of
/// the wall clock. It shares nothing with what it checks.
/// </summary>
internal static class NaivePeriods
{
    public static DateTimeOffset Boundary(DateTimeZone zone, BillingInterval interval, BillingAnchor anchor, int k)
    {
        LocalDateTime at = LocalDateTime.FromDateTime(anchor.Local);
        LocalDate date = interval.Unit is IntervalUnit.Day or IntervalUnit.Week
            ? Step(at.Date, k * interval.Count * (interval.Unit == IntervalUnit.Week ? 7 : 1))
            : DayIn(MonthsFrom(at.Date, k * interval.Count * Months(interval.Unit)), anchor.Day);
        return FirstInstant(zone, date + at.TimeOfDay);
    }

    public static DateTimeOffset FirstInstant(DateTimeZone zone, LocalDateTime local)
    {
        ZoneLocalMapping mapping = zone.MapLocal(local);
        return (mapping.Count == 0 ? mapping.LateInterval.Start : mapping.First().ToInstant()).ToDateTimeOffset();
    }

    private static int Months(IntervalUnit unit) => unit switch
    {
        IntervalUnit.Month => 1,
        IntervalUnit.Quarter => 3,
        IntervalUnit.HalfYear => 6,
        IntervalUnit.Year => 12,
        _ => throw new ArgumentOutOfRangeException(nameof(unit)),
    };

    private static LocalDate Step(LocalDate date, int days)
    {
        for (int step = 0; step < Math.Abs(days); step++)
        {
            date = days > 0 ? date.PlusDays(1) : date.PlusDays(-1);
        }

        return date;
    }

    /// <summary>Some day of the month that is so many months away.</summary>
    private static LocalDate MonthsFrom(LocalDate date, int months)
    {
        LocalDate first = date;
        for (int passed = 0; passed < Math.Abs(months); passed++)
        {
            int month = first.Month;
            while (first.Month == month)
            {
                first = months > 0 ? first.PlusDays(1) : first.PlusDays(-1);
            }
        }

        return first;
    }

    private static LocalDate DayIn(LocalDate month, int day)
    {
        LocalDate date = month;
        while (date.Day > 1)
        {
            date = date.PlusDays(-1);
        }

        while (date.Day < day && date.PlusDays(1).Month == month.Month)
        {
            date = date.PlusDays(1);
        }

        return date;
    }
}
