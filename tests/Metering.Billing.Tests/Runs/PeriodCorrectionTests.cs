using Metering.Billing.Catalog;
using Metering.Billing.Subscriptions;
using Xunit;

namespace Metering.Billing.Tests.Runs;

public class PeriodCorrectionTests
{
    [Fact]
    public void A_period_that_was_billed_as_it_is_needs_no_correction()
    {
        Story story = Billed(new Story());
        Assert.Equal([], story.Correct("2026-04-01", "2026-05-01"));
    }

    [Fact]
    public void Late_usage_is_rated_as_if_it_had_been_on_time()
    {
        Story story = Billed(new Story());
        story.Use("calls", "2026-04-20", "6");
        Assert.Equal(["calls 4.00"], story.Correct("2026-04-01", "2026-05-01")); // 8 → 14: 10·1 + 4·0.5 = 12, 8 were billed
        Assert.Equal([], story.Correct("2026-04-01", "2026-05-01"));
        story.Use("calls", "2026-04-21", "-14");
        Assert.Equal(["calls -12.00"], story.Correct("2026-04-01", "2026-05-01"));
    }

    [Fact]
    public void A_true_up_falls_by_what_late_usage_adds()
    {
        Story story = Billed(new Story().Commit("basic", new Commitment("spend", 100, ["base", "calls"])));
        story.Use("calls", "2026-04-20", "2");
        Assert.Equal(["calls 2.00", " -2.00"], story.Correct("2026-04-01", "2026-05-01"));
    }

    [Fact]
    public void A_late_adjustment_has_the_discount_of_its_period()
    {
        Story story = Billed(new Story().Discount(new Discount(50, null, Periods: 1), "2026-04-01"));
        story.Use("calls", "2026-04-20", "6");
        Assert.Equal(["calls 2.00"], story.Correct("2026-04-01", "2026-05-01"));
        Assert.Equal([], story.Correct("2026-04-01", "2026-05-01"));
    }

    [Fact]
    public void A_backdated_change_of_a_billed_period_gives_back_and_charges()
    {
        Story story = Billed(new Story());
        story.Do(story.Now.Change(story.Plan("pro", "base 60 advance, calls 1 usage tiered"), Story.At("2026-04-16")));
        Assert.Equal(["base -15.00", "base 30.00"], story.Correct("2026-04-01", "2026-05-01"));
        Assert.Equal([], story.Correct("2026-04-01", "2026-05-01"));
    }

    [Fact]
    public void A_backdated_cancellation_gives_back_the_fee_of_a_period_that_has_no_service_any_more()
    {
        Story story = Billed(new Story());
        story.Do(story.Now.Cancel(Story.At("2026-04-16")));
        Assert.Equal(["base -15.00"], story.Correct("2026-04-01", "2026-05-01"));
        Assert.Equal(["base -30.00"], story.Correct("2026-05-01", "2026-06-01"));
        Assert.Equal([], story.Correct("2026-05-01", "2026-06-01"));
    }

    /// <summary>April, with its fee and 8 calls.</summary>
    private static Story Billed(Story story)
    {
        story.Start(story.Plan("basic", "base 30 advance, calls 1 usage tiered"), "2026-04-01").Use("calls", "2026-04-05", "8").Bill("2026-05-01");
        return story;
    }
}
