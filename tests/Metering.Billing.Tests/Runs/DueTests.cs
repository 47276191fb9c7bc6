using Metering.Billing.Catalog;
using Metering.Billing.Periods;
using Metering.Billing.Runs;
using Metering.Billing.Subscriptions;
using Xunit;

namespace Metering.Billing.Tests.Runs;

/// <summary>Which lines are on which invoice, with the arithmetic beside them.</summary>
public class DueTests
{
    [Fact]
    public void An_invoice_has_the_usage_of_the_period_that_ended_and_the_fee_of_the_one_that_begins()
    {
        Story story = new();
        story.Start(story.Plan("basic", "base 30 advance, calls 0.5 usage"), "2026-01-01").Use("calls", "2026-01-10", "8").Use("calls", "2026-01-31T23:59Z", "2").Use("calls", "2026-02-01", "4");
        Assert.Equal(
            [
                "01-01: base 01-01..02-01 30.00 = 30.00",
                "02-01: base 02-01..03-01 30.00, calls 01-01..02-01 5.00 = 35.00",   // (8 + 2) × 0.5
                "03-01: base 03-01..04-01 30.00, calls 02-01..03-01 2.00 = 32.00",
            ],
            story.Bill("2026-03-15"));
    }

    [Fact]
    public void More_seats_are_charged_at_once_and_fewer_wait_for_the_next_invoice()
    {
        Story story = new();
        story.Start(story.Plan("basic", "seats 10 advance x3"), "2026-04-01"); // 30 days
        Assert.Equal(["04-01: seats 04-01..05-01 30.00 = 30.00"], story.Bill("2026-04-01"));
        story.Do(story.Now.Change(story.Plan("basic", "seats 10 advance x5"), Story.At("2026-04-16")));
        Assert.Equal(["04-16: seats 04-16..05-01 -15.00, seats 04-16..05-01 25.00 = 10.00"], story.Bill("2026-04-16")); // 15 of 30 days
        story.Do(story.Now.Change(story.Plan("basic", "seats 10 advance x1"), Story.At("2026-04-21")));
        Assert.Equal([], story.Bill("2026-04-30"));
        Assert.Equal(["05-01: seats 04-21..05-01 -16.67, seats 04-21..05-01 3.33, seats 05-01..06-01 10.00 = -3.34"], story.Bill("2026-05-01")); // 10 of 30 days
    }

    /// <summary>Base for half of April is given back and the other plan's for half of it charged: 15 of 30 days of 30 and of 10.</summary>
    [Fact]
    public void What_a_downgrade_adds_waits_for_the_next_invoice_and_what_an_upgrade_adds_is_charged_at_once()
    {
        Story story = new();
        story.Start(story.Plan("basic", "base 30 advance"), "2026-04-01").Bill("2026-04-01");
        story.Do(story.Now.Change(story.Plan("lite", "lite 10 advance"), Story.At("2026-04-16")));
        Assert.Equal([], story.Bill("2026-04-30"));
        Assert.Equal(["05-01: base 04-16..05-01 -15.00, lite 04-16..05-01 5.00, lite 05-01..06-01 10.00 = 0.00"], story.Bill("2026-05-01"));
        story.Do(story.Now.Change(story.Plan("lite", "lite 10 advance, support 31 advance"), Story.At("2026-05-16")));
        Assert.Equal(["05-16: support 05-16..06-01 16.00 = 16.00"], story.Bill("2026-05-31")); // 16 of 31 days
    }

    [Fact]
    public void A_price_that_comes_back_is_one_scope_and_one_that_goes_has_its_own_tiers()
    {
        Story story = new();
        SubscriptionTerms a = story.Plan("a", "calls 1 usage tiered");
        SubscriptionTerms b = story.Plan("b", "calls 3 usage tiered");
        story.Start(a, "2026-01-01").Use("calls", "2026-01-02", "8");
        story.Do(story.Now.Change(b, Story.At("2026-01-10"))).Use("calls", "2026-01-12", "4");
        story.Do(story.Now.Change(a, Story.At("2026-01-20"))).Use("calls", "2026-01-25", "8");
        Assert.Equal(["02-01: calls 01-01..02-01 13.00, calls 01-10..01-20 12.00 = 25.00"], story.Bill("2026-02-01")); // 10·1 + 6·0.5; 4·3
    }

    /// <summary>A → B → A, with a pause in B: A's scope has two stretches, and B's loses the pause.</summary>
    [Fact]
    public void Active_time_is_a_set_that_a_detour_and_a_pause_only_interrupt()
    {
        Story story = new();
        SubscriptionTerms a = story.Plan("a", "calls 1 usage");
        story.Start(a, "2026-01-01").Do(story.Now.Change(story.Plan("b", "calls 3 usage"), Story.At("2026-01-06")));
        story.Do(story.Now.PauseAt(Story.At("2026-01-08"), null, null, keepsAdvance: false)).Do(story.Now.Resume(Story.At("2026-01-09"), Standing.Good));
        story.Do(story.Now.Change(a, Story.At("2026-01-11"))).Do(story.Now.Reassess(Story.At("2026-01-12"), Standing.Overdue));
        Assert.Equal(
            ["01-01..01-06, 01-11..02-01: 26/31", "01-06..01-08, 01-09..01-11: 4/31"],
            DueCharges.ScopesOf(story.History, DateTimeOffset.MinValue, Story.At("2026-02-01"), []).Where(scope => scope.Period.Full.Start == Story.At("2026-01-01"))
                .Select(scope => $"{string.Join(", ", scope.Active.Select(time => $"{time.Start:MM-dd}..{time.End:MM-dd}"))}: {scope.Share.ToShareText()}"));
    }

    [Fact]
    public void A_trial_costs_nothing_and_the_periods_begin_when_it_ends()
    {
        Story story = new();
        story.Start(story.Plan("basic", "base 30 advance"), "2026-01-01", trialEnd: "2026-01-15").Tick("2026-01-15");
        Assert.Equal(["01-15: base 01-15..02-15 30.00 = 30.00"], story.Bill("2026-02-01"));
    }

    [Fact]
    public void A_trial_that_ends_within_a_calendar_month_leaves_the_fee_of_the_rest_as_it_was_billed()
    {
        Story story = new() { Anchor = AnchorRule.Calendar };
        story.Start(story.Plan("basic", "base 30 advance"), "2026-04-01", trialEnd: "2026-04-16").Tick("2026-04-16");
        Assert.Equal(["04-16: base 04-16..05-01 15.00 = 15.00", "05-01: base 05-01..06-01 30.00 = 30.00"], story.Bill("2026-05-01"));
    }

    [Fact]
    public void Seats_that_were_more_from_the_start_are_billed_although_the_price_and_the_time_are_the_same()
    {
        Story story = new();
        story.Start(story.Plan("basic", "seats 10 advance x3"), "2026-04-01").Bill("2026-04-10");
        story.Do(story.Now.Change(story.Plan("basic", "seats 10 advance x5"), Story.At("2026-04-01")));
        Assert.Equal(["05-01: seats 04-01..05-01 50.00, seats 05-01..06-01 50.00, seats 04-01..05-01 -30.00 = 70.00"], story.Bill("2026-05-01"));
    }

    [Fact]
    public void A_backdated_start_is_one_invoice_with_the_lines_of_each_past_period()
    {
        Story story = new();
        story.Start(story.Plan("basic", "base 30 advance, calls 1 usage"), "2026-01-01", recorded: "2026-03-10").Use("calls", "2026-01-05", "1").Use("calls", "2026-02-05", "2");
        Assert.Equal(
            ["03-10: base 01-01..02-01 30.00, base 02-01..03-01 30.00, base 03-01..04-01 30.00, calls 01-01..02-01 1.00, calls 02-01..03-01 2.00 = 93.00"], story.Bill("2026-03-20"));
        Assert.Equal(["04-01: base 04-01..05-01 30.00, calls 03-01..04-01 0.00 = 30.00"], story.Bill("2026-04-01"));
    }

    [Fact]
    public void Canceling_gives_back_what_was_not_served_and_bills_the_usage_so_far()
    {
        Story story = new();
        story.Start(story.Plan("basic", "base 30 advance, calls 1 usage"), "2026-04-01").Use("calls", "2026-04-05", "3").Bill("2026-04-01");
        story.Do(story.Now.Cancel(Story.At("2026-04-11")));
        Assert.Equal(["04-11: base 04-11..05-01 -20.00, calls 04-01..04-11 3.00 = -17.00"], story.Bill("2026-06-01")); // 20 of 30 days
        Assert.Equal([], story.Bill("2027-01-01"));
    }

    [Fact]
    public void A_pause_charges_nothing_and_gives_back_what_was_paid_ahead_with_the_next_invoice()
    {
        Assert.Equal(["05-01: base 04-11..05-01 -20.00 = -20.00", "05-11: base 05-11..06-01 20.32 = 20.32"], Paused(keepsAdvance: false)); // 21 of 31 days
    }

    [Fact]
    public void A_pause_may_keep_what_was_paid_ahead()
    {
        Assert.Equal(["05-11: base 05-11..06-01 20.32 = 20.32"], Paused(keepsAdvance: true)); // nothing is charged for the period that begins within the pause
    }

    [Fact]
    public void Without_proration_a_change_gives_back_all_and_charges_all()
    {
        Story story = new();
        story.Start(story.Plan("basic", "base 30 advance none"), "2026-04-01").Bill("2026-04-01");
        story.Do(story.Now.Change(story.Plan("pro", "base 50 advance none"), Story.At("2026-04-16")));
        Assert.Equal(["04-16: base 04-16..05-01 -30.00, base 04-16..05-01 50.00 = 20.00"], story.Bill("2026-04-16"));
    }

    [Fact]
    public void A_fee_in_arrears_is_billed_after_its_time_and_a_one_time_fee_once()
    {
        Story story = new();
        story.Start(story.Plan("basic", "setup 99 once, support 60 arrears"), "2026-04-01");
        story.Do(story.Now.Change(story.Plan("pro", "setup 199 once, support 120 arrears"), Story.At("2026-04-16")));
        Assert.Equal(
            ["04-01: setup 04-01..04-16 99.00 = 99.00", "05-01: support 04-01..04-16 30.00, support 04-16..05-01 60.00 = 90.00", "06-01: support 05-01..06-01 120.00 = 120.00"],
            story.Bill("2026-06-01"));
    }

    [Fact]
    public void A_commitment_is_trued_up_when_its_period_ends_over_all_invoices_that_billed_it()
    {
        Story story = new();
        story.Commit("basic", new Commitment("spend", 100, ["base", "calls"]));
        story.Start(story.Plan("basic", "base 30 advance, calls 1 usage"), "2026-04-01").Use("calls", "2026-04-05", "20").Use("calls", "2026-05-05", "80");
        Assert.Equal(
            [
                "04-01: base 04-01..05-01 30.00 = 30.00",
                "05-01: base 05-01..06-01 30.00, calls 04-01..05-01 20.00, true-up 04-01..05-01 50.00 = 100.00", // 100 − 30 − 20
                "06-01: base 06-01..07-01 30.00, calls 05-01..06-01 80.00, true-up 05-01..06-01 0.00 = 110.00",
            ],
            story.Bill("2026-06-01"));
    }

    [Fact]
    public void A_discount_counts_periods_and_takes_an_amount_once_from_a_period_that_two_invoices_bill()
    {
        Story story = new();
        story.Discount(new Discount(null, 35, Periods: 2), "2026-04-01");
        story.Start(story.Plan("basic", "base 30 advance, calls 1 usage"), "2026-04-01").Use("calls", "2026-04-05", "20").Use("calls", "2026-05-05", "20").Use("calls", "2026-06-05", "20");
        Assert.Equal(
            [
                "04-01: base 04-01..05-01 0.00 = 0.00",
                "05-01: base 05-01..06-01 0.00, calls 04-01..05-01 15.00 = 15.00", // 5 of April's 35 were left, and all but 5 of May's go
                "06-01: base 06-01..07-01 30.00, calls 05-01..06-01 15.00 = 45.00",
                "07-01: base 07-01..08-01 30.00, calls 06-01..07-01 20.00 = 50.00",
            ],
            story.Bill("2026-07-01"));
    }

    [Fact]
    public void Calendar_months_and_a_yearly_fee_share_the_anchor()
    {
        Story story = new() { Anchor = AnchorRule.Calendar };
        story.Start(story.Plan("basic", "base 31 advance, licence 365 advance /year"), "2026-01-16");
        Assert.Equal(
            ["01-16: base 01-16..02-01 16.00, licence 01-16..01-01 350.00 = 366.00", "02-01: base 02-01..03-01 31.00 = 31.00"], story.Bill("2026-02-01"));
    }

    /// <summary>Paid for April, paused on the 11th, resumed on the 11th of May.</summary>
    private static IEnumerable<string> Paused(bool keepsAdvance)
    {
        Story story = new();
        story.Start(story.Plan("basic", "base 30 advance"), "2026-04-01").Bill("2026-04-01");
        story.Do(story.Now.PauseAt(Story.At("2026-04-11"), null, null, keepsAdvance));
        IReadOnlyList<string> paused = story.Bill("2026-05-10");
        story.Do(story.Now.Resume(Story.At("2026-05-11"), Standing.Good));
        return [.. paused, .. story.Bill("2026-05-11")];
    }
}
