using CsCheck;
using Metering.Billing.Periods;
using Metering.Billing.Zones;
using NodaTime;
using Xunit;

namespace Metering.Billing.Tests.Periods;

public class PeriodLawTests
{
    /// <summary>Zones with half and quarter hours, moved date lines, midnight transitions, negative summer time, and a dozen ordinary ones.</summary>
    internal static readonly string[] Zones =
    [
        "UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "Europe/Lisbon", "Europe/Moscow", "Europe/Istanbul", "Europe/Kyiv",
        "America/New_York", "America/Chicago", "America/Los_Angeles", "America/Sao_Paulo", "America/St_Johns", "America/Caracas", "America/Havana",
        "America/Asuncion", "America/Godthab", "America/Scoresbysund", "America/Bogota", "America/Phoenix",
        "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran", "Asia/Tokyo", "Asia/Shanghai", "Asia/Pyongyang", "Asia/Beirut", "Asia/Amman", "Asia/Gaza", "Asia/Dhaka",
        "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Kwajalein", "Pacific/Auckland", "Pacific/Tongatapu",
        "Australia/Lord_Howe", "Australia/Eucla", "Africa/Casablanca", "Antarctica/Troll",
    ];

    private static readonly Gen<string> s_zone = Gen.OneOf(Zones);
    private static readonly Gen<DateTime> s_local = Gen.Select(Gen.Int[0, 365 * 50], Gen.Int[0, 1439]).Select((day, minute) => new DateTime(1990, 1, 1).AddDays(day).AddMinutes(minute));
    private static readonly Gen<BillingInterval> s_interval = Gen.Select(Gen.Enum<IntervalUnit>(), Gen.Int[1, 13]).Select((unit, count) => new BillingInterval(unit, count));
    private static readonly Gen<BillingAnchor> s_anchor = Gen.Select(s_local, Gen.Int[0, 31]).Select((at, day) => day == 0 ? BillingAnchor.At(at) : BillingAnchor.OnDay(at, day));

    [Fact]
    public void Periods_are_contiguous_and_never_overlap_over_50_years_in_40_zones()
    {
        Assert.Equal(40, Zones.Distinct().Count());
        foreach (string id in Zones)
        {
            ZoneRules zone = TzdbZones.Instance.Find(id)!;
            foreach (IntervalUnit unit in Enum.GetValues<IntervalUnit>())
            {
                AssertTiles(new Cadence(zone, new BillingInterval(unit), BillingAnchor.OnDay(new DateTime(1990, 1, 31), 31)));
                AssertTiles(new Cadence(zone, new BillingInterval(unit), BillingAnchor.At(new DateTime(1990, 5, 29, 2, 30, 0))));
            }
        }
    }

    [Fact]
    public void Boundaries_are_those_of_a_walk_from_day_to_day() =>
        Gen.Select(s_zone, s_interval, s_anchor, Gen.Int[-30, 30]).Sample(
            (zone, interval, anchor, k) =>
            {
                Cadence cadence = new(TzdbZones.Instance.Find(zone)!, interval, anchor);
                Assert.Equal(NaivePeriods.Boundary(DateTimeZoneProviders.Tzdb[zone], interval, anchor, k), cadence.Boundary(k));
            },
            iter: CaseCount.Of(4_000));

    [Fact]
    public void Every_instant_is_in_the_period_that_says_so() =>
        Gen.Select(s_zone, s_interval, s_anchor, s_local).Sample(
            (zone, interval, anchor, at) =>
            {
                DateTimeOffset instant = new(at, TimeSpan.Zero);
                Cadence cadence = new(TzdbZones.Instance.Find(zone)!, interval, anchor);
                Assert.True(cadence.Period(cadence.IndexOf(instant)).Contains(instant));
            },
            iter: CaseCount.Of(20_000));

    [Fact]
    public void Services_tile_the_time_from_start_to_end_whatever_changes() =>
        Gen.Select(s_zone, s_interval, s_anchor, s_local, Gen.Select(Gen.Int[1, 400], s_zone, s_interval, s_anchor, Gen.Bool).Array[0, 4]).Sample(
            (zone, interval, anchor, at, changes) =>
            {
                DateTimeOffset now = new(at, TimeSpan.Zero);
                Timeline timeline = Timeline.Beginning(now, new Cadence(TzdbZones.Instance.Find(zone)!, interval, anchor));
                foreach ((int days, string other, BillingInterval next, BillingAnchor from, bool moves) in changes)
                {
                    now = now.AddDays(days);
                    ZoneRules rules = TzdbZones.Instance.Find(other)!;
                    timeline = moves ? timeline.MovedTo(rules, now) : timeline.ContinuedBy(new Cadence(rules, next, from), now);
                }

                timeline = timeline.EndingAt(now.AddDays(900));
                DateTimeOffset reached = timeline.Start;
                foreach (BillingPeriod period in timeline.From(timeline.Start))
                {
                    Assert.Equal(reached, period.Service.Start);
                    Assert.True(period.Full.Start <= period.Service.Start && period.Service.End <= period.Full.End);
                    Assert.True(period.Service.IsEmpty || timeline.At(period.Service.Start) == period);
                    reached = period.Service.End;
                }

                Assert.Equal(timeline.End, reached);
            },
            iter: CaseCount.Of(4_000));

    private static void AssertTiles(Cadence cadence)
    {
        DateTimeOffset end = cadence.Boundary(0).AddYears(50);
        for (int k = 0; cadence.Boundary(k) < end; k++)
        {
            TimeRange period = cadence.Period(k);
            Assert.Equal(period.End, cadence.Period(k + 1).Start);
            Assert.True(!period.IsEmpty || cadence.Zone.Id is "Pacific/Apia" or "Pacific/Kwajalein" or "Pacific/Kiritimati", $"{cadence.Zone.Id} {period.Start:O}");
        }
    }
}
