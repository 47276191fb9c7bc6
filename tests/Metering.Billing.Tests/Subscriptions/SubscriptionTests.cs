using System.Text.RegularExpressions;
using Metering.Billing.Periods;
using Metering.Billing.Subscriptions;
using Metering.Billing.Tests.Zones;
using Metering.Billing.Zones;
using Xunit;

namespace Metering.Billing.Tests.Subscriptions;

public class SubscriptionTests
{
    private static readonly SubscriptionTerms s_basic = Terms("basic", "price-1");
    private static readonly SubscriptionTerms s_pro = Terms("pro", "price-2");

    [Fact]
    public void A_subscription_that_starts_later_is_scheduled_and_then_active()
    {
        Life life = new(Draft("2026-02-01T00:00Z"));
        life.Do(life.Now.Activate(At("2026-01-20T00:00Z")), SubscriptionState.Scheduled);
        Assert.Null(life.Now.Due(At("2026-01-31T23:59Z"), Standing.Good));
        life.Tick("2026-02-05T00:00Z", Standing.Good);
        Assert.Equal((SubscriptionState.Active, At("2026-02-01T00:00Z")), (life.Now.State, life.Now.BegunAt!.Value));
    }

    [Fact]
    public void A_backdated_start_is_in_force_from_its_own_instant()
    {
        Life life = new(Draft("2025-11-15T00:00Z"));
        Decision decision = life.Do(life.Now.Activate(At("2026-01-20T09:00:30Z")), SubscriptionState.Active);
        Assert.Equal(At("2025-11-15T00:00Z"), decision.At);
        Assert.Equal(At("2025-11-15T00:00Z"), life.Now.BegunAt);
    }

    [Fact]
    public void Now_is_the_next_whole_minute_and_the_answer_says_so()
    {
        Assert.Equal(At("2026-01-20T09:01Z"), WholeMinute.From(At("2026-01-20T09:00:00.0000001Z")));
        Assert.Equal(At("2026-01-20T09:00Z"), WholeMinute.From(At("2026-01-20T09:00Z")));
        Life life = Active();
        Assert.Equal(At("2026-01-20T09:01Z"), life.Now.CancelLater(At("2026-02-01T00:00Z"), At("2026-01-20T09:00:30Z")).At);
        Assert.Equal(Outcome.NotAWholeMinute, life.Now.Cancel(At("2026-01-20T09:00:30Z")).Outcome);
        Assert.Equal(Outcome.NotAWholeMinute, life.Now.CancelLater(At("2026-02-01T00:00:01Z"), At("2026-01-20T09:00Z")).Outcome);
    }

    [Fact]
    public void Time_never_activates_what_waits_for_its_first_payment()
    {
        Life life = new(Draft("2026-01-01T00:00Z", needsFirstPayment: true));
        life.Do(life.Now.Activate(At("2026-01-01T00:00Z")), SubscriptionState.Incomplete);
        Assert.Null(life.Now.Due(At("2036-01-01T00:00Z"), Standing.Good));
        Assert.Equal(Outcome.AwaitingPayment, life.Now.Change(s_pro, At("2026-01-02T00:00Z")).Outcome);
        Life lapsed = new(life.Now);
        lapsed.Do(lapsed.Now.Lapse(At("2026-01-02T00:00Z")), SubscriptionState.Expired);
        life.Do(life.Now.FirstPaymentReceived(At("2026-01-02T00:00Z")), SubscriptionState.Active);
        Assert.Equal(At("2026-01-02T00:00Z"), life.Now.BegunAt);
        Assert.Equal(Outcome.AlreadyActive, life.Now.FirstPaymentReceived(At("2026-01-02T00:00Z")).Outcome);
    }

    [Theory]
    [InlineData(true, SubscriptionState.Active)]
    [InlineData(false, SubscriptionState.Expired)]
    public void A_trial_ends_as_it_was_agreed(bool converts, SubscriptionState after)
    {
        Life life = new(Draft("2026-01-01T00:00Z", trialEnd: "2026-01-15T00:00Z", converts: converts));
        life.Do(life.Now.Activate(At("2026-01-01T00:00Z")), SubscriptionState.Trialing);
        life.Do(life.Now.ExtendTrial(At("2026-01-20T00:00Z"), At("2026-01-10T00:00Z")), SubscriptionState.Trialing);
        Assert.Null(life.Now.Due(At("2026-01-19T23:59Z"), Standing.Good));
        life.Tick("2026-01-21T00:00Z", Standing.Good);
        Assert.Equal((after, At("2026-01-20T00:00Z")), (life.Now.State, life.Now.LastAt!.Value));
    }

    [Fact]
    public void A_trial_can_be_converted_early_but_not_paused()
    {
        Life life = new(Draft("2026-01-01T00:00Z", trialEnd: "2026-01-15T00:00Z"));
        life.Do(life.Now.Activate(At("2026-01-01T00:00Z")), SubscriptionState.Trialing);
        Assert.Equal(Outcome.StillTrialing, life.Now.PauseAt(At("2026-01-05T00:00Z"), null, null, keepsAdvance: false).Outcome);
        Assert.Equal(Outcome.NotLater, life.Now.ExtendTrial(At("2026-01-05T00:00Z"), At("2026-01-05T00:00Z")).Outcome);
        life.Do(life.Now.ConvertTrial(At("2026-01-05T00:00Z")), SubscriptionState.Active);
        Assert.Equal(Outcome.NotTrialing, life.Now.ConvertTrial(At("2026-01-06T00:00Z")).Outcome);
        Assert.Null(life.Now.Due(At("2026-02-01T00:00Z"), Standing.Good));
    }

    [Fact]
    public void A_pending_change_takes_over_at_its_boundary()
    {
        Life life = Active();
        life.Do(life.Now.ScheduleChange(s_pro, At("2026-02-01T00:00Z"), At("2026-01-10T00:00Z")), SubscriptionState.Active);
        Assert.Equal(s_basic, life.Now.Terms);
        life.Tick("2026-02-01T00:00Z", Standing.Good);
        Assert.Equal(s_pro, life.Now.Terms);
        Assert.Null(life.Now.PendingChange);
        Assert.Equal(At("2026-02-01T00:00Z"), life.Now.LastAt);
    }

    [Fact]
    public void A_change_is_refused_while_paused_and_while_a_cancel_is_pending()
    {
        Life paused = Active();
        paused.Do(paused.Now.PauseAt(At("2026-01-10T00:00Z"), null, null, keepsAdvance: false), SubscriptionState.Paused);
        Assert.Equal(Outcome.IsPaused, paused.Now.Change(s_pro, At("2026-01-11T00:00Z")).Outcome);
        Assert.Equal(Outcome.IsPaused, paused.Now.ScheduleChange(s_pro, At("2026-02-01T00:00Z"), At("2026-01-11T00:00Z")).Outcome);

        Life canceling = Active();
        canceling.Do(canceling.Now.CancelLater(At("2026-02-01T00:00Z"), At("2026-01-10T00:00Z")), SubscriptionState.Active);
        Assert.Equal(Outcome.CancelPending, canceling.Now.Change(s_pro, At("2026-01-11T00:00Z")).Outcome);
        Assert.Equal(Outcome.CancelPending, canceling.Now.ScheduleChange(s_pro, At("2026-02-01T00:00Z"), At("2026-01-11T00:00Z")).Outcome);
        canceling.Tick("2026-02-02T00:00Z", Standing.Good);
        Assert.Equal((SubscriptionState.Canceled, At("2026-02-01T00:00Z")), (canceling.Now.State, canceling.Now.EndedAt!.Value));
    }

    [Fact]
    public void Undo_takes_back_the_cancellation_first_and_then_the_change()
    {
        Life life = Active();
        life.Do(life.Now.ScheduleChange(s_pro, At("2026-02-01T00:00Z"), At("2026-01-10T00:00Z")), SubscriptionState.Active);
        life.Do(life.Now.CancelLater(At("2026-02-01T00:00Z"), At("2026-01-11T00:00Z")), SubscriptionState.Active);
        life.Do(life.Now.Undo(At("2026-01-12T00:00Z")), SubscriptionState.Active);
        Assert.Equal((null, At("2026-02-01T00:00Z")), (life.Now.CancelAt, life.Now.PendingChange!.At));
        life.Do(life.Now.Undo(At("2026-01-12T00:00Z")), SubscriptionState.Active);
        Assert.Null(life.Now.PendingChange);
        Assert.Equal(Outcome.NothingPending, life.Now.Undo(At("2026-01-13T00:00Z")).Outcome);
    }

    [Fact]
    public void Undo_is_refused_when_another_subscription_follows()
    {
        Life life = Active();
        life.Do(life.Now.CancelLater(At("2026-02-01T00:00Z"), At("2026-01-11T00:00Z")), SubscriptionState.Active);
        life.Do(life.Now.Follow("sub-2", At("2026-01-12T00:00Z")), SubscriptionState.Active);
        Assert.Equal(Outcome.AnotherFollows, life.Now.Undo(At("2026-01-13T00:00Z")).Outcome);
    }

    [Fact]
    public void A_pause_has_an_end_or_a_length_or_neither()
    {
        Life life = Active();
        Assert.Equal(Outcome.PauseEndsTwice, life.Now.PauseAt(At("2026-01-10T00:00Z"), At("2026-01-20T00:00Z"), TimeSpan.FromDays(3), keepsAdvance: false).Outcome);
        Assert.Equal(Outcome.NotLater, life.Now.PauseAt(At("2026-01-10T00:00Z"), At("2026-01-10T00:00Z"), null, keepsAdvance: false).Outcome);
        Decision decision = life.Do(life.Now.PauseAt(At("2026-01-10T00:00Z"), null, TimeSpan.FromDays(3), keepsAdvance: false), SubscriptionState.Paused);
        Assert.Equal([Effect.CreditUnused, Effect.RevokeAccess], decision.Effects);
        life.Tick("2026-01-12T23:59Z", Standing.Good);
        Assert.Equal(SubscriptionState.Paused, life.Now.State);
        life.Tick("2026-01-14T00:00Z", Standing.Good);
        Assert.Equal((SubscriptionState.Active, At("2026-01-13T00:00Z")), (life.Now.State, life.Now.LastAt!.Value));
        Assert.Null(life.Now.Pause);
        Assert.Equal(Outcome.NotPaused, life.Now.Resume(At("2026-01-15T00:00Z"), Standing.Good).Outcome);
    }

    [Fact]
    public void A_pause_that_keeps_its_advance_credits_nothing() =>
        Assert.Equal([Effect.RevokeAccess], Active().Now.PauseAt(At("2026-01-10T00:00Z"), null, null, keepsAdvance: true).Effects);

    [Theory]
    [InlineData(Standing.Good, SubscriptionState.Active)]
    [InlineData(Standing.Overdue, SubscriptionState.PastDue)]
    [InlineData(Standing.GraceOver, SubscriptionState.Unpaid)]
    public void Open_invoices_decide_on_payment_on_the_clock_and_on_resume(Standing standing, SubscriptionState state)
    {
        Life life = Active();
        life.Do(life.Now.PauseAt(At("2026-01-10T00:00Z"), null, null, keepsAdvance: false), SubscriptionState.Paused);
        Assert.Equal(Outcome.IsPaused, life.Now.Reassess(At("2026-01-11T00:00Z"), standing).Outcome);
        life.Do(life.Now.Resume(At("2026-01-12T00:00Z"), standing), state);
        foreach (Standing other in Enum.GetValues<Standing>())
        {
            Life again = new(life.Now);
            Decision decision = again.Now.Reassess(At("2026-01-13T00:00Z"), other);
            Assert.Equal(Outcome.Applied, decision.Outcome);
            Assert.Equal(other == standing ? 0 : 1, decision.Facts.Count);
            Assert.Equal(other == standing, decision.Effects.Count == 0);
        }
    }

    [Theory]
    [InlineData(SubscriptionState.Draft)]
    [InlineData(SubscriptionState.Scheduled)]
    public void What_has_not_started_can_be_canceled(SubscriptionState state)
    {
        Life life = new(Draft("2026-02-01T00:00Z"));
        if (state == SubscriptionState.Scheduled)
        {
            life.Do(life.Now.Activate(At("2026-01-01T00:00Z")), SubscriptionState.Scheduled);
        }

        Assert.Empty(life.Do(life.Now.Cancel(At("2026-01-02T00:00Z")), SubscriptionState.Canceled).Effects);
        Assert.Equal(Outcome.AlreadyCanceled, life.Now.Cancel(At("2026-01-03T00:00Z")).Outcome);
        Assert.Null(life.Now.Due(At("2036-01-01T00:00Z"), Standing.Good));
    }

    [Fact]
    public void The_end_comes_before_what_else_is_due_at_its_minute()
    {
        Life life = new(Draft("2026-01-01T00:00Z", end: "2026-02-01T00:00Z"));
        life.Do(life.Now.Activate(At("2026-01-01T00:00Z")), SubscriptionState.Active);
        life.Do(life.Now.CancelLater(At("2026-02-01T00:00Z"), At("2026-01-10T00:00Z")), SubscriptionState.Active);
        life.Tick("2026-03-01T00:00Z", Standing.Good);
        Assert.Equal((SubscriptionState.Expired, At("2026-02-01T00:00Z")), (life.Now.State, life.Now.EndedAt!.Value));
        Assert.Equal(Outcome.AlreadyExpired, life.Now.Cancel(At("2026-03-01T00:00Z")).Outcome);
    }

    [Fact]
    public void Nothing_reaches_behind_what_is_recorded()
    {
        Life life = Active();
        life.Do(life.Now.Change(s_pro, At("2026-01-10T00:00Z")), SubscriptionState.Active);
        Assert.Equal(Outcome.BeforeHistory, life.Now.Change(s_basic, At("2026-01-09T23:59Z")).Outcome);
        Assert.Equal(Outcome.BeforeHistory, life.Now.Follow("sub-2", At("2026-01-09T23:59Z")).Outcome);
        Assert.Throws<ArgumentException>(() => life.Now.With([new Moved(9, At("2026-01-11T00:00Z"), SubscriptionState.Canceled)]));
        Assert.Throws<ArgumentException>(() => Draft("2026-01-01T00:00Z", end: "2026-01-01T00:00Z"));
        Assert.Throws<ArgumentException>(() => Draft("2026-01-01T00:00:30Z"));
    }

    [Fact]
    public void Periods_begin_anew_after_a_trial_and_with_another_interval_and_stay_through_a_pause()
    {
        Life life = new(Draft("2026-01-01T00:00Z", trialEnd: "2026-01-15T00:00Z"));
        life.Do(life.Now.Activate(At("2026-01-01T00:00Z")), SubscriptionState.Trialing);
        life.Tick("2026-01-15T00:00Z", Standing.Good);
        life.Do(life.Now.PauseAt(At("2026-01-20T00:00Z"), null, null, keepsAdvance: false), SubscriptionState.Paused);
        life.Do(life.Now.Resume(At("2026-02-20T00:00Z"), Standing.Good), SubscriptionState.Active);
        life.Do(life.Now.Change(s_pro, At("2026-02-25T00:00Z")), SubscriptionState.Active); // the same interval keeps the anniversary
        life.Do(life.Now.Change(Terms("pro", "price-3", IntervalUnit.Year), At("2026-03-20T00:00Z")), SubscriptionState.Active);
        life.Do(life.Now.Cancel(At("2026-06-01T00:00Z")), SubscriptionState.Canceled);
        Timeline timeline = life.History().PeriodsOf("seats", AnchorRule.Anniversary, TzdbZones.Instance.Find("UTC")!)!;
        Assert.Equal(
            ["01-01..01-15", "01-15..02-15", "02-15..03-15", "03-15..03-20", "03-20..06-01"],
            timeline.From(timeline.Start).Select(period => $"{period.Service.Start:MM-dd}..{period.Service.End:MM-dd}"));
        Assert.Null(life.History().PeriodsOf("storage", AnchorRule.Anniversary, TzdbZones.Instance.Find("UTC")!));
    }

    /// <summary>By the rules: a pause moves no boundary. Neither does one that begins where something else would have started an anniversary.</summary>
    [Theory]
    [InlineData(null, "2026-01-01T00:00Z", "01-01..02-01, 02-01..03-01")]
    [InlineData("2026-01-15T00:00Z", "2026-01-15T00:00Z", "01-01..01-15, 01-15..02-15")]
    public void A_pause_at_the_very_instant_of_an_anniversary_does_not_move_it(string? trialEnd, string paused, string periods)
    {
        Life life = new(Draft("2026-01-01T00:00Z", trialEnd: trialEnd));
        life.Do(life.Now.Activate(At("2026-01-01T00:00Z")), trialEnd is null ? SubscriptionState.Active : SubscriptionState.Trialing);
        life.Tick(paused, Standing.Good);
        life.Do(life.Now.PauseAt(At(paused), null, null, keepsAdvance: false), SubscriptionState.Paused);
        life.Do(life.Now.Resume(At("2026-01-21T00:00Z"), Standing.Good), SubscriptionState.Active);
        Timeline timeline = life.History().PeriodsOf("seats", AnchorRule.Anniversary, ZoneRules.Utc)!;
        Assert.Equal(periods, string.Join(", ", timeline.From(timeline.Start).Take(2).Select(period => $"{period.Service.Start:MM-dd}..{period.Service.End:MM-dd}")));
    }

    [Fact]
    public void A_change_of_interval_at_the_very_instant_of_a_pause_starts_its_anniversary_there()
    {
        Life life = Active();
        life.Do(life.Now.Change(Terms("pro", "price-3", IntervalUnit.Quarter), At("2026-01-10T00:00Z")), SubscriptionState.Active);
        life.Do(life.Now.PauseAt(At("2026-01-10T00:00Z"), null, null, keepsAdvance: false), SubscriptionState.Paused);
        life.Do(life.Now.Resume(At("2026-01-20T00:00Z"), Standing.Good), SubscriptionState.Active);
        Timeline timeline = life.History().PeriodsOf("seats", AnchorRule.Anniversary, ZoneRules.Utc)!;
        Assert.Equal(["01-01..01-10", "01-10..04-10"], timeline.From(timeline.Start).Take(2).Select(period => $"{period.Service.Start:MM-dd}..{period.Service.End:MM-dd}"));
    }

    /// <summary>Berlin's midnight is 23:00 UTC, New York's 05:00 UTC. What is added later shares the boundary that was stored.</summary>
    [Fact]
    public void A_new_zone_counts_from_the_next_boundary_for_what_is_there_and_for_what_is_added()
    {
        ZoneRules berlin = TzdbZones.Instance.Find("Europe/Berlin")!;
        ZoneRules newYork = TzdbZones.Instance.Find("America/New_York")!;
        Life life = new(Draft("2025-12-31T23:00Z") with { Zone = berlin });
        life.Do(life.Now.Activate(At("2025-12-31T23:00Z")), SubscriptionState.Active);
        life.Do(life.Now.SetZone(newYork, At("2026-01-10T08:00Z")), SubscriptionState.Active);
        Assert.Empty(life.Now.SetZone(newYork, At("2026-01-11T08:00Z")).Facts);
        life.Do(life.Now.Change(new("standard", 1, "pro", "standard", [.. s_basic.Items, new SubscriptionItem("storage", "price-9", new BillingInterval(IntervalUnit.Month), 1)]), At("2026-01-12T00:00Z")), SubscriptionState.Active);
        Assert.Equal(["12-31T23..01-31T23", "01-31T23..03-01T05", "03-01T05..04-01T04"], Hours("seats"));
        Assert.Equal(["01-12T00..01-31T23", "01-31T23..03-01T05", "03-01T05..04-01T04"], Hours("storage"));
        life.Do(life.Now.Change(Terms("pro", "price-3", IntervalUnit.Quarter), At("2026-02-10T12:00Z")), SubscriptionState.Active);
        Assert.Equal(["12-31T23..01-31T23", "01-31T23..02-10T12", "02-10T12..05-10T04"], Hours("seats")); // a new anniversary is a boundary

        IEnumerable<string> Hours(string component)
        {
            Timeline timeline = life.History().PeriodsOf(component, AnchorRule.Anniversary, berlin)!;
            return timeline.From(timeline.Start).Take(3).Select(period => $"{period.Service.Start:MM-dd'T'HH}..{period.Service.End:MM-dd'T'HH}");
        }
    }

    [Fact]
    public void The_example_of_the_page_is_what_a_customer_that_moves_gets()
    {
        string[] rows = [.. Regex.Matches(Pages.Read("periods.md"), @"^\| \d \| (\S+ \S+) \| (\S+ \S+) \|", RegexOptions.Multiline).Select(row => $"{row.Groups[1].Value}..{row.Groups[2].Value}")];
        Assert.Equal(3, rows.Length);
        ZoneRules berlin = TzdbZones.Instance.Find("Europe/Berlin")!;
        Life life = new(Draft("2025-12-31T23:00Z") with { Zone = berlin });
        life.Do(life.Now.Activate(At("2025-12-31T23:00Z")), SubscriptionState.Active);
        life.Do(life.Now.SetZone(TzdbZones.Instance.Find("America/New_York")!, At("2026-01-10T08:00Z")), SubscriptionState.Active);
        Timeline timeline = life.History().PeriodsOf("seats", AnchorRule.Anniversary, berlin)!;
        Assert.Equal(rows, timeline.From(timeline.Start).Take(3).Select(period => $"{period.Full.Start:yyyy-MM-dd HH:mm}..{period.Full.End:yyyy-MM-dd HH:mm}"));
    }

    [Fact]
    public void A_draft_takes_a_zone_before_it_is_activated_however_late()
    {
        Life life = new(Draft("2026-01-01T00:00Z"));
        life.Do(life.Now.SetZone(TzdbZones.Instance.Find("Europe/Berlin")!, At("2026-03-01T00:00Z")), SubscriptionState.Draft);
        life.Do(life.Now.Activate(At("2026-03-02T00:00Z")), SubscriptionState.Active);
        Assert.Equal("Europe/Berlin", life.Now.Zone.Id);
        Timeline timeline = life.History().PeriodsOf("seats", AnchorRule.Anniversary, ZoneRules.Utc)!;
        Assert.Equal(At("2026-01-31T23:00Z"), timeline.At(At("2026-01-02T00:00Z")).Full.End);
    }

    private static Life Active()
    {
        Life life = new(Draft("2026-01-01T00:00Z"));
        life.Do(life.Now.Activate(At("2026-01-01T00:00Z")), SubscriptionState.Active);
        return life;
    }

    private static Subscription Draft(string start, string? end = null, string? trialEnd = null, bool converts = true, bool needsFirstPayment = false) =>
        Subscription.Draft("sub-1", s_basic, At(start), end is null ? null : At(end), trialEnd is null ? null : At(trialEnd), converts, needsFirstPayment);

    private static SubscriptionTerms Terms(string plan, string price, IntervalUnit unit = IntervalUnit.Month) =>
        new("standard", 1, plan, "standard", [new SubscriptionItem("seats", price, new BillingInterval(unit), 1)]);

    private static DateTimeOffset At(string text) => Instants.Utc(text);

    /// <summary>A subscription and what is recorded of it.</summary>
    private sealed class Life(Subscription draft)
    {
        private readonly List<SubscriptionFact> _facts = [];

        public Subscription Now => draft.With(_facts);

        public Decision Do(Decision decision, SubscriptionState after)
        {
            Assert.Equal(Outcome.Applied, decision.Outcome);
            _facts.AddRange(decision.Facts);
            Assert.Equal(after, Now.State);
            return decision;
        }

        public void Tick(string now, Standing standing)
        {
            while (Now.Due(At(now), standing) is { } due)
            {
                Do(due, due.Facts.OfType<Moved>().LastOrDefault()?.To ?? Now.State);
            }
        }

        public ServiceHistory History() => ServiceHistory.Of(draft, _facts);
    }
}
