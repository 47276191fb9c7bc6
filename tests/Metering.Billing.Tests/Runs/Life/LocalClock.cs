namespace Metering.Billing.Tests.Runs.Life;

/// <summary>A wall clock, by the law of its country as people read it; no zone data.</summary>
internal sealed class LocalClock(string zone)
{
    public static readonly string[] Zones = ["UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo", "Asia/Kolkata"];

    private readonly Func<DateTime, double> _hours = zone switch
    {
        "UTC" => _ => 0,
        "Asia/Kolkata" => _ => 5.5,
        "Europe/Berlin" => at => 1 + Summer(at, Last(at.Year, 3, DayOfWeek.Sunday).AddHours(1), Last(at.Year, 10, DayOfWeek.Sunday).AddHours(1)),
        "America/New_York" => at => -5 + Summer(at, First(at.Year, 3, DayOfWeek.Sunday).AddDays(7).AddHours(7), First(at.Year, 11, DayOfWeek.Sunday).AddHours(6)),
        "Africa/Cairo" => at => 2 + Summer(at, Last(at.Year, 4, DayOfWeek.Friday).AddHours(-2), Last(at.Year, 10, DayOfWeek.Thursday).AddHours(21)), // its midnight of the last Friday of April is missing
        _ => throw new ArgumentException(zone),
    };

    public string Zone => zone;

    public DateTime Local(DateTimeOffset at) => at.UtcDateTime.AddHours(_hours(at.UtcDateTime));

    public DateOnly Date(DateTimeOffset at) => DateOnly.FromDateTime(Local(at));

    /// <summary>The earlier of two; for a time that is missing the first that is there.</summary>
    public DateTimeOffset Instant(DateTime local)
    {
        for (; ; local = local.AddMinutes(1))
        {
            for (double hours = 14; hours >= -12; hours -= 0.5)
            {
                DateTime utc = local.AddHours(-hours);
                if (_hours(utc) == hours)
                {
                    return new DateTimeOffset(DateTime.SpecifyKind(utc, DateTimeKind.Utc));
                }
            }
        }
    }

    public DateTimeOffset Midnight(DateOnly day) => Instant(day.ToDateTime(TimeOnly.MinValue));

    private static int Summer(DateTime at, DateTime from, DateTime until) => at >= from && at < until ? 1 : 0;

    private static DateTime First(int year, int month, DayOfWeek day) => Enumerable.Range(1, 7).Select(n => new DateTime(year, month, n)).Single(one => one.DayOfWeek == day);

    private static DateTime Last(int year, int month, DayOfWeek day) => First(year, month, day).AddDays(28) is var fifth && fifth.Month == month ? fifth : fifth.AddDays(-7);
}
