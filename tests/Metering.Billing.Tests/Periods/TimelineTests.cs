using Metering.Billing.Periods;
using Metering.Billing.Tests.Zones;
using Metering.Billing.Zones;
using Xunit;

namespace Metering.Billing.Tests.Periods;

public class TimelineTests
{
    [Fact]
    public void The_first_period_begins_at_the_start_and_is_a_part_of_a_full_one()
    {
        Timeline timeline = Monthly("2024-02-16T00:00Z", BillingAnchor.OnDay(new DateTime(2024, 1, 31), 31));
        Assert.Equal(
            ["0/0 2024-01-31..2024-02-29 2024-02-16..2024-02-29", "0/1 2024-02-29..2024-03-31 2024-02-29..2024-03-31"],
            timeline.From(timeline.Start).Take(2).Select(Show));
    }

    [Fact]
    public void The_last_period_ends_with_the_service()
    {
        Timeline timeline = Monthly("2024-01-31T00:00Z", BillingAnchor.At(new DateTime(2024, 1, 31))).EndingAt(Instants.Utc("2024-03-10T00:00Z"));
        Assert.Equal(
            ["0/0 2024-01-31..2024-02-29 2024-01-31..2024-02-29", "0/1 2024-02-29..2024-03-31 2024-02-29..2024-03-10"],
            timeline.From(timeline.Start).Select(Show));
    }

    [Fact]
    public void No_period_begins_where_the_service_ends()
    {
        Timeline timeline = Monthly("2024-01-31T00:00Z", BillingAnchor.At(new DateTime(2024, 1, 31))).EndingAt(Instants.Utc("2024-02-29T00:00Z"));
        Assert.Equal(["0/0 2024-01-31..2024-02-29 2024-01-31..2024-02-29"], timeline.From(timeline.Start).Select(Show));
    }

    /// <summary>A trial of 14 days from the 20th: its part of a month, then months from its end.</summary>
    [Fact]
    public void The_end_of_a_trial_starts_a_new_anniversary()
    {
        Timeline trial = Monthly("2026-01-20T00:00Z", BillingAnchor.At(new DateTime(2026, 1, 20)));
        DateTimeOffset end = Instants.Utc("2026-02-03T00:00Z");
        Timeline timeline = trial.ContinuedBy(Every(IntervalUnit.Month, BillingAnchor.At(new DateTime(2026, 2, 3))), end);
        Assert.Equal(
            ["0/0 2026-01-20..2026-02-20 2026-01-20..2026-02-03", "1/0 2026-02-03..2026-03-03 2026-02-03..2026-03-03", "1/1 2026-03-03..2026-04-03 2026-03-03..2026-04-03"],
            timeline.From(timeline.Start).Take(3).Select(Show));
        Assert.Equal("1/0 2026-02-03..2026-03-03 2026-02-03..2026-03-03", Show(timeline.At(end)));
        Assert.Equal("0/0 2026-01-20..2026-02-20 2026-01-20..2026-02-03", Show(timeline.At(end.AddMinutes(-1))));
    }

    /// <summary>Berlin's midnight is 23:00 UTC, New York's 05:00 UTC. The period that runs ends as it was stored; the next has the new clock at its end.</summary>
    [Fact]
    public void A_new_zone_counts_from_the_next_boundary()
    {
        ZoneRules berlin = Zone("Europe/Berlin");
        Timeline before = Timeline.Beginning(berlin.StartOf(new DateOnly(2026, 1, 1)), new Cadence(berlin, new BillingInterval(IntervalUnit.Month), BillingAnchor.At(new DateTime(2026, 1, 1))));
        Timeline after = before.MovedTo(Zone("America/New_York"), Instants.Utc("2026-01-10T00:00Z"));
        Assert.Equal(
            ["0/0 2025-12-31T23..2026-01-31T23", "1/1 2026-01-31T23..2026-03-01T05", "1/2 2026-03-01T05..2026-04-01T04"],
            after.From(after.Start).Take(3).Select(ShowHours));
        Assert.Equal(["1/1 2026-01-31T23..2026-03-01T05"], after.From(Instants.Utc("2026-02-01T00:00Z")).Take(1).Select(ShowHours));
    }

    /// <summary>Days, from the last zone of the world to the first: the next midnight there has passed 26 hours earlier, so two periods have no time.</summary>
    [Fact]
    public void A_new_zone_that_is_ahead_of_the_boundary_makes_no_period_go_back()
    {
        ZoneRules last = Zone("Etc/GMT+12");
        Timeline before = Timeline.Beginning(last.StartOf(new DateOnly(2026, 1, 1)), new Cadence(last, new BillingInterval(IntervalUnit.Day), BillingAnchor.At(new DateTime(2026, 1, 1))));
        Timeline after = before.MovedTo(Zone("Pacific/Kiritimati"), Instants.Utc("2026-01-01T12:00Z"));
        Assert.Equal(
            ["0/0 2026-01-01T12..2026-01-02T12", "1/1 2026-01-02T12..2026-01-02T12", "1/2 2026-01-02T12..2026-01-03T10", "1/3 2026-01-03T10..2026-01-04T10"],
            after.From(after.Start).Take(4).Select(ShowHours));
        Assert.Equal("1/2 2026-01-02T12..2026-01-03T10", ShowHours(after.At(Instants.Utc("2026-01-02T12:00Z"))));
    }

    [Fact]
    public void The_latest_of_two_new_zones_in_one_period_holds()
    {
        Timeline timeline = Monthly("2026-01-01T00:00Z", BillingAnchor.At(new DateTime(2026, 1, 1)))
            .MovedTo(Zone("America/New_York"), Instants.Utc("2026-01-10T00:00Z"))
            .MovedTo(Zone("Asia/Tokyo"), Instants.Utc("2026-01-20T00:00Z"));
        Assert.Equal(["0/0 2026-01-01T00..2026-02-01T00", "1/1 2026-02-01T00..2026-02-28T15"], timeline.From(timeline.Start).Take(2).Select(ShowHours));
    }

    [Fact]
    public void Before_the_start_there_is_only_the_first_period()
    {
        Timeline timeline = Monthly("2024-02-16T00:00Z", BillingAnchor.OnDay(new DateTime(2024, 1, 31), 31));
        Assert.Equal(timeline.At(timeline.Start), timeline.At(Instants.Utc("2023-01-01T00:00Z")));
        Assert.Equal("0/0 2024-01-31..2024-02-29 2024-02-16..2024-02-29", Show(timeline.At(timeline.Start)));
    }

    [Fact]
    public void A_change_before_the_start_is_refused()
    {
        Timeline timeline = Monthly("2026-01-20T00:00Z", BillingAnchor.At(new DateTime(2026, 1, 20)));
        Assert.Throws<ArgumentException>(() => timeline.EndingAt(Instants.Utc("2026-01-19T00:00Z")));
        Assert.Throws<ArgumentException>(() => timeline.ContinuedBy(Every(IntervalUnit.Year, BillingAnchor.At(new DateTime(2026, 1, 20))), Instants.Utc("2026-01-19T00:00Z")));
    }

    private static Timeline Monthly(string start, BillingAnchor anchor) => Timeline.Beginning(Instants.Utc(start), Every(IntervalUnit.Month, anchor));

    private static Cadence Every(IntervalUnit unit, BillingAnchor anchor) => new(Zone("UTC"), new BillingInterval(unit), anchor);

    private static string Show(BillingPeriod period) =>
        $"{period.Era}/{period.Index} {period.Full.Start:yyyy-MM-dd}..{period.Full.End:yyyy-MM-dd} {period.Service.Start:yyyy-MM-dd}..{period.Service.End:yyyy-MM-dd}";

    private static string ShowHours(BillingPeriod period)
    {
        Assert.Equal(period.Full, period.Service);
        return $"{period.Era}/{period.Index} {period.Full.Start:yyyy-MM-ddTHH}..{period.Full.End:yyyy-MM-ddTHH}";
    }

    private static ZoneRules Zone(string id) => TzdbZones.Instance.Find(id)!;
}
