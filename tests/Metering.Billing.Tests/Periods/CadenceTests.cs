using Metering.Billing.Periods;
using Metering.Billing.Tests.Zones;
using Metering.Billing.Zones;
using Xunit;

namespace Metering.Billing.Tests.Periods;

public class CadenceTests
{
    [Theory]
    [InlineData("2024-01-31", 31, IntervalUnit.Month, 1, "2023-11-30 2023-12-31 2024-01-31 2024-02-29 2024-03-31 2024-04-30")]
    [InlineData("2023-01-31", 31, IntervalUnit.Month, 1, "2022-11-30 2022-12-31 2023-01-31 2023-02-28 2023-03-31 2023-04-30")]
    [InlineData("2024-01-30", 30, IntervalUnit.Month, 1, "2023-11-30 2023-12-30 2024-01-30 2024-02-29 2024-03-30 2024-04-30")]
    [InlineData("2023-01-29", 29, IntervalUnit.Month, 1, "2022-11-29 2022-12-29 2023-01-29 2023-02-28 2023-03-29 2023-04-29")]
    [InlineData("2024-02-29", 29, IntervalUnit.Year, 1, "2022-02-28 2023-02-28 2024-02-29 2025-02-28 2026-02-28 2027-02-28")] // the day comes back in 2028
    [InlineData("2024-02-10", 31, IntervalUnit.Month, 1, "2023-12-31 2024-01-31 2024-02-29 2024-03-31 2024-04-30 2024-05-31")] // a day its own month does not have
    [InlineData("2024-02-10", 5, IntervalUnit.Month, 1, "2023-12-05 2024-01-05 2024-02-05 2024-03-05 2024-04-05 2024-05-05")] // before the date it is given with
    [InlineData("2024-11-30", 31, IntervalUnit.Quarter, 1, "2024-05-31 2024-08-31 2024-11-30 2025-02-28 2025-05-31 2025-08-31")]
    [InlineData("2024-08-31", 31, IntervalUnit.HalfYear, 1, "2023-08-31 2024-02-29 2024-08-31 2025-02-28 2025-08-31 2026-02-28")]
    [InlineData("2024-01-31", 31, IntervalUnit.Month, 5, "2023-03-31 2023-08-31 2024-01-31 2024-06-30 2024-11-30 2025-04-30")]
    [InlineData("2024-02-28", 28, IntervalUnit.Day, 1, "2024-02-26 2024-02-27 2024-02-28 2024-02-29 2024-03-01 2024-03-02")]
    [InlineData("2024-02-28", 31, IntervalUnit.Week, 2, "2024-01-31 2024-02-14 2024-02-28 2024-03-13 2024-03-27 2024-04-10")] // the day of the month is for months
    public void Boundaries_are_clamped_from_the_original_anchor(string at, int day, IntervalUnit unit, int count, string boundaries)
    {
        Cadence cadence = new(Zone("UTC"), new BillingInterval(unit, count), BillingAnchor.OnDay(Instants.Local(at), day));
        Assert.Equal(boundaries, string.Join(' ', Enumerable.Range(-2, 6).Select(k => $"{cadence.Boundary(k):yyyy-MM-dd}")));
    }

    [Theory]
    [InlineData("2026-11-26", IntervalUnit.Day, "2026-11-26")]
    [InlineData("2026-11-26", IntervalUnit.Week, "2026-11-23")] // a Thursday, and its Monday
    [InlineData("2026-11-22", IntervalUnit.Week, "2026-11-16")] // a Sunday ends its week
    [InlineData("2026-11-23", IntervalUnit.Week, "2026-11-23")]
    [InlineData("2026-11-26", IntervalUnit.Month, "2026-11-01")]
    [InlineData("2026-11-26", IntervalUnit.Quarter, "2026-10-01")]
    [InlineData("2026-09-30", IntervalUnit.Quarter, "2026-07-01")]
    [InlineData("2026-11-26", IntervalUnit.HalfYear, "2026-07-01")]
    [InlineData("2026-06-30", IntervalUnit.HalfYear, "2026-01-01")]
    [InlineData("2026-11-26", IntervalUnit.Year, "2026-01-01")]
    public void A_calendar_anchor_is_where_the_calendar_begins(string day, IntervalUnit unit, string begins) =>
        Assert.Equal(Instants.Local(begins), BillingAnchor.Calendar(Instants.Local(day).AddHours(13), unit).Local);

    [Theory]
    [InlineData("Europe/Berlin", "2026-03-29T02:30", IntervalUnit.Day, "2026-03-28T01:30Z 2026-03-29T01:00Z 2026-03-30T00:30Z")] // 02:30 is missing on the 29th
    [InlineData("Europe/Berlin", "2026-10-25T02:30", IntervalUnit.Day, "2026-10-24T00:30Z 2026-10-25T00:30Z 2026-10-26T01:30Z")] // and there twice on the 25th
    [InlineData("America/New_York", "2026-03-08T02:30", IntervalUnit.Week, "2026-03-01T07:30Z 2026-03-08T07:00Z 2026-03-15T06:30Z")]
    [InlineData("America/Sao_Paulo", "2018-11-04T00:00", IntervalUnit.Day, "2018-11-03T03:00Z 2018-11-04T03:00Z 2018-11-05T02:00Z")]
    [InlineData("Asia/Kathmandu", "2026-01-31T00:00", IntervalUnit.Month, "2025-12-30T18:15Z 2026-01-30T18:15Z 2026-02-27T18:15Z")]
    [InlineData("Pacific/Chatham", "2026-04-05T00:00", IntervalUnit.Day, "2026-04-03T10:15Z 2026-04-04T10:15Z 2026-04-05T11:15Z")] // summer time ends at 03:45
    [InlineData("Pacific/Apia", "2011-12-30T00:00", IntervalUnit.Day, "2011-12-29T10:00Z 2011-12-30T10:00Z 2011-12-30T10:00Z")] // the 30th was skipped: a period without time
    public void Boundaries_keep_the_wall_clock_of_the_zone(string zone, string at, IntervalUnit unit, string boundaries)
    {
        Cadence cadence = new(Zone(zone), new BillingInterval(unit), BillingAnchor.At(Instants.Local(at)));
        Assert.Equal(boundaries, string.Join(' ', Enumerable.Range(-1, 3).Select(k => $"{cadence.Boundary(k):yyyy-MM-ddTHH:mm}Z")));
    }

    [Fact]
    public void The_holder_of_an_instant_is_the_period_with_time_in_it()
    {
        Cadence cadence = new(Zone("Pacific/Apia"), new BillingInterval(IntervalUnit.Day), BillingAnchor.At(new DateTime(2011, 12, 29)));
        Assert.True(cadence.Period(1).IsEmpty);
        Assert.Equal(0, cadence.IndexOf(Instants.Utc("2011-12-30T09:59Z")));
        Assert.Equal(2, cadence.IndexOf(Instants.Utc("2011-12-30T10:00Z")));
    }

    [Theory]
    [InlineData(AnchorKind.Anniversary, 0, "2026-02-28T00:00")]
    [InlineData(AnchorKind.Instant, 0, "2026-02-28T15:45")]
    [InlineData(AnchorKind.Calendar, 0, "2026-02-01T00:00")]
    [InlineData(AnchorKind.DayOfMonth, 31, "2026-02-28T00:00")]
    [InlineData(AnchorKind.DayOfMonth, 15, "2026-02-15T00:00")]
    public void A_subscription_finds_its_anchor_by_its_rule(AnchorKind kind, int day, string boundary)
    {
        ZoneRules kathmandu = Zone("Asia/Kathmandu");
        AnchorRule rule = kind switch
        {
            AnchorKind.Anniversary => AnchorRule.Anniversary,
            AnchorKind.Instant => AnchorRule.Instant,
            AnchorKind.Calendar => AnchorRule.Calendar,
            AnchorKind.DayOfMonth => AnchorRule.OnDay(day),
        };
        BillingAnchor anchor = rule.Resolve(Instants.Utc("2026-02-28T10:00Z"), kathmandu, new BillingInterval(IntervalUnit.Month));
        Assert.Equal(Instants.Local(boundary), kathmandu.ToLocal(new Cadence(kathmandu, new BillingInterval(IntervalUnit.Month), anchor).Boundary(0)));
    }

    [Fact]
    public void What_has_no_meaning_is_refused()
    {
        Assert.Throws<ArgumentException>(() => AnchorRule.Calendar.Resolve(Instants.Utc("2026-02-28T10:00Z"), Zone("UTC"), new BillingInterval(IntervalUnit.Month, 2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => AnchorRule.OnDay(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => AnchorRule.OnDay(32));
        Assert.Throws<ArgumentOutOfRangeException>(() => BillingAnchor.OnDay(default, 32));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BillingInterval(IntervalUnit.Month, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BillingInterval(IntervalUnit.Month, 10_001));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Cadence(Zone("UTC"), new BillingInterval(IntervalUnit.Year, 1000), BillingAnchor.At(new DateTime(2026, 1, 1))).Boundary(9));
        Assert.Throws<ArgumentException>(() => new TimeRange(Instants.Utc("2026-02-28T10:00Z"), Instants.Utc("2026-02-28T09:00Z")));
    }

    private static ZoneRules Zone(string id) => TzdbZones.Instance.Find(id)!;
}
