using Metering.Billing.Catalog;
using Metering.Billing.Periods;
using Metering.Billing.Runs;
using Metering.Billing.Subscriptions;
using Metering.Billing.Tax;
using Metering.Billing.Tests.Runs.Model;
using Xunit;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>What random lives found, one short life each.</summary>
public sealed class LifeFindingsTests
{
    private const string Basic = "base 30 advance, calls 1 usage";

    [Fact]
    public void What_was_waived_is_not_billed_again_when_usage_comes_late()
    {
        (Story story, MemorySeller seller) = Billed(new Story());
        Assert.True(seller.Void(1, waives: true)); // 8 calls of April, and the fee of May
        story.Use("calls", "2026-04-20", "2");
        Assert.Equal("calls 2.00", Correct(story, seller));
        story.Use("calls", "2026-04-21", "-9");
        Assert.Equal("calls -2.00", Correct(story, seller)); // of the 8 nothing can be given back
    }

    [Fact]
    public void A_voided_invoice_is_billed_again_and_a_later_one_stays_as_it_is()
    {
        (_, MemorySeller seller) = Billed(new Story());
        Assert.True(seller.Void(0, waives: false));
        seller.Bill(Story.At("2026-05-02"));
        Assert.Equal(["base 30.00", "base 30.00, calls 8.00", "base 30.00"], Lines(seller));
    }

    [Fact]
    public void A_voided_fee_is_billed_again_although_a_later_invoice_has_given_some_of_it_back()
    {
        Story story = new();
        story.Start(story.Plan("basic", Basic), "2026-04-01");
        MemorySeller seller = new(story);
        seller.Bill(Story.At("2026-04-01"));
        story.Do(story.Now.Change(story.Plan("pro", "base 60 advance, calls 1 usage"), Story.At("2026-04-16")));
        seller.Bill(Story.At("2026-04-16"));
        Assert.True(seller.Void(0, waives: false));
        seller.Bill(Story.At("2026-04-17"));
        Assert.Equal(["base 30.00", "base -15.00, base 30.00", "base 30.00"], Lines(seller)); // 15 are left of the old fee: 30 − 15
    }

    [Fact]
    public void A_fee_that_a_backdated_change_adds_bears_tax_as_the_one_that_it_replaces()
    {
        Story story = new() { Tax = new TaxTerms(TaxStatus.Taxable, DateTimeOffset.UnixEpoch, [new TaxRule("", new TaxRate("vat", 20, IsInclusive: false), DateTimeOffset.UnixEpoch)]) };
        (_, MemorySeller seller) = Billed(story);
        story.Do(story.Now.Change(story.Plan("lite", "base 10 advance, calls 1 usage"), Story.At("2026-04-16")));
        seller.Touch(Story.At("2026-04-16"), Story.At("2026-05-01"));
        seller.Correct(Story.At("2026-05-02"));
        Assert.Equal("12.00", $"{seller.Invoices[0].Notes + seller.Invoices[1].Notes}"); // 15 − 5, and 20 % of it
    }

    [Fact]
    public void A_true_up_of_a_year_counts_the_usage_of_its_months_when_it_is_corrected()
    {
        Story story = new Story().Commit("basic", new Commitment("spend", 100, ["base", "calls"]));
        story.Start(story.Plan("basic", "base 30 advance /year, calls 1 usage"), "2026-01-01").Use("calls", "2026-04-05", "8");
        MemorySeller seller = new(story);
        seller.Bill(Story.At("2027-01-01"));
        Assert.Contains(" 62.00", Lines(seller)[^1], StringComparison.Ordinal); // 100 − 30 − 8
        seller.Touch(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        seller.Correct(Story.At("2027-01-02"));
        Assert.All(seller.Invoices, invoice => Assert.True(invoice.Notes.IsZero));
        Assert.Empty(seller.Waiting);
        story.Use("calls", "2026-04-06", "5");
        seller.Touch(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        seller.Correct(Story.At("2027-01-03"));
        Assert.Equal(["calls 5.00"], seller.Waiting.Select(one => $"{one.Component} {one.Amount}"));
        Assert.Equal("5.00", $"{seller.Invoices[^1].Notes}"); // the true-up falls by it
    }

    [Fact]
    public void A_true_up_counts_what_a_credit_note_left_of_the_usage()
    {
        Story story = new Story().Commit("basic", new Commitment("spend", 100, ["base", "calls"]));
        story.Start(story.Plan("basic", "base 30 advance /year, calls 1 usage"), "2026-01-01").Use("calls", "2026-04-05", "8");
        MemorySeller seller = new(story);
        seller.Bill(Story.At("2026-05-01"));
        story.Use("calls", "2026-04-06", "-3");
        Correct(story, seller);
        seller.Bill(Story.At("2027-01-01"));
        Assert.Contains(" 65.00", Lines(seller)[^1], StringComparison.Ordinal); // 100 − 30 − (8 − 3)
    }

    [Fact]
    public void A_true_up_is_discounted_as_the_other_lines_of_its_period()
    {
        Story story = new Story().Commit("basic", new Commitment("spend", 100, ["base"])).Discount(new Discount(50, null), "2026-04-01");
        story.Start(story.Plan("basic", "base 30 advance"), "2026-04-01");
        Assert.Equal(["04-01: base 04-01..05-01 15.00 = 15.00", "05-01: base 05-01..06-01 15.00, true-up 04-01..05-01 35.00 = 50.00"], story.Bill("2026-05-01")); // (100 − 30) / 2
        Assert.Equal([], story.Correct("2026-04-01", "2026-05-01"));
    }

    [Fact]
    public void A_downgrade_in_a_discounted_period_has_the_discount_too()
    {
        Story story = new Story().Discount(new Discount(50, null), "2026-04-01");
        story.Start(story.Plan("basic", "base 90 advance"), "2026-04-01").Bill("2026-04-01");
        story.Do(story.Now.Change(story.Plan("lite", "base 30 advance"), Story.At("2026-04-16")));
        Assert.Equal(["05-01: base 04-16..05-01 -22.50, base 04-16..05-01 7.50, base 05-01..06-01 15.00 = 0.00"], story.Bill("2026-05-01"));
    }

    [Fact]
    public void Usage_after_an_interval_that_was_given_up_and_came_back_is_billed()
    {
        Story story = new() { Anchor = AnchorRule.Calendar };
        SubscriptionTerms monthly = story.Plan("basic", "calls 1 usage");
        story.Start(monthly, "2026-04-01").Use("calls", "2026-04-02", "8").Use("calls", "2026-04-25", "4");
        story.Do(story.Now.Change(story.Plan("yearly", "calls 1 usage /year"), Story.At("2026-04-10"))).Do(story.Now.Change(monthly, Story.At("2026-04-20")));
        Assert.Equal(
            ["04-10: calls 04-01..04-10 8.00 = 8.00", "04-20: calls 04-10..04-20 0.00 = 0.00", "05-01: calls 04-20..05-01 4.00 = 4.00"], story.Bill("2026-05-01"));
    }

    [Fact]
    public void A_commitment_whose_longest_component_becomes_another_within_a_period_is_charged_once_for_it()
    {
        Story story = new Story { Anchor = AnchorRule.Calendar }.Commit("one", new Commitment("spend", 100, ["base", "calls"])).Commit("other", new Commitment("spend", 100, ["base", "calls"]));
        story.Start(story.Plan("one", "base 30 arrears, calls 1 usage /week"), "2026-04-01").Use("calls", "2026-04-02", "8");
        story.Do(story.Now.Change(story.Plan("other", "base 7 arrears /week, calls 1 usage"), Story.At("2026-04-16")));
        MemorySeller seller = new(story);
        seller.Bill(Story.At("2026-05-05"));
        Assert.Equal(["59.00"], TrueUps(seller)); // 100 − 15 − 8 − 4 − 7 − 7: with the week that begins on the 27th
        seller.Touch(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        seller.Correct(Story.At("2026-05-06"));
        Assert.Empty(seller.Waiting);
    }

    [Fact]
    public void What_no_invoice_can_bear_becomes_the_customers_credit_once_no_other_comes()
    {
        Story story = new();
        story.Start(story.Plan("basic", "base 120 advance /year, calls 1 usage"), "2026-04-01").Use("calls", "2026-04-05", "8");
        MemorySeller seller = new(story);
        seller.Bill(Story.At("2026-04-01"));
        story.Do(story.Now.Cancel(Story.At("2026-05-01")));
        seller.Bill(Story.At("2026-05-01")); // 8 of April, and 110.14 of the year given back: below zero, so it bears nothing
        story.Use("calls", "2026-04-21", "-4");
        seller.Touch(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        seller.Correct(Story.At("2026-05-02"));
        Assert.Empty(seller.Waiting);
        Assert.Equal("calls -4.00", Lines(seller)[^1]);
    }

    /// <summary>By the differences alone the customer gets 6 back; but 15 of them are the grant's, so that 9 are to be paid: no note can ask for that.</summary>
    [Fact]
    public void What_returns_to_a_grant_leaves_what_is_dearer_to_the_next_invoice()
    {
        Story story = new();
        story.Start(story.Plan("basic", "base 30 arrears, calls 1 usage"), "2026-04-01").Use("calls", "2026-04-20", "2");
        MemorySeller seller = new(story);
        seller.Give(3000, new HashSet<string> { "base" }, 0, Story.At("2026-04-01"), Story.At("2026-05-01"), Story.At("2026-04-01"));
        seller.Bill(Story.At("2026-05-01"));
        story.Do(story.Now.Change(story.Plan("lite", "base 10 arrears, calls 3 usage"), Story.At("2026-04-16")));
        seller.Touch(Story.At("2026-04-16"), Story.At("2026-05-01"));
        seller.Correct(Story.At("2026-05-02"));
        Assert.Equal(["base 5.00", "calls 6.00"], seller.Waiting.Select(one => $"{one.Component} {one.Amount}").Order());
        Assert.Equal("2.00", $"{seller.Invoices[0].Notes}"); // the two calls at the old price
        Assert.Equal("15.00", $"{seller.Grants[0].Remaining}");
    }

    /// <summary>The week from the 27th on begins in April and ends in May: the true-up of April is on the invoice that bills it.</summary>
    [Fact]
    public void A_true_up_comes_with_the_last_line_that_it_counts()
    {
        (_, MemorySeller seller) = Weekly();
        Assert.Equal(["62.00", "70.00"], TrueUps(seller)); // 100 − 30 − 8, and 100 − 30
        Assert.Equal("calls 8.00,  62.00", Lines(seller).Single(lines => lines.Contains("62.00", StringComparison.Ordinal)));
        seller.Touch(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        seller.Correct(Story.At("2026-06-02"));
        Assert.Empty(seller.Waiting);
        Assert.All(seller.Invoices, invoice => Assert.True(invoice.Notes.IsZero));
    }

    [Fact]
    public void A_true_up_follows_a_line_that_it_counts_in_the_same_correction()
    {
        (Story story, MemorySeller seller) = Weekly();
        story.Use("calls", "2026-05-02", "5");
        seller.Touch(Story.At("2026-05-02"), Story.At("2026-05-02T00:01Z"));
        seller.Correct(Story.At("2026-06-02"));
        Assert.Equal(["calls 5.00"], seller.Waiting.Select(one => $"{one.Component} {one.Amount}"));
        Assert.Equal("5.00", $"{seller.Invoices.Aggregate(Money.Zero(Currency.Of("USD")), (sum, invoice) => sum + invoice.Notes)}");
    }

    [Fact]
    public void A_true_up_that_is_not_due_yet_is_no_correction()
    {
        (Story story, MemorySeller seller) = Weekly("2026-05-02");
        story.Use("calls", "2026-04-08", "5");
        seller.Touch(Story.At("2026-04-08"), Story.At("2026-04-08T00:01Z"));
        seller.Correct(Story.At("2026-05-02"));
        Assert.Equal(["calls 5.00"], seller.Waiting.Select(one => $"{one.Component} {one.Amount}"));
        seller.Bill(Story.At("2026-06-02"));
        Assert.Equal(["57.00", "70.00"], TrueUps(seller));
    }

    /// <summary>
    /// "Trial end and a change of interval start a new anniversary", and "periods are contiguous, never overlap": the month ends where the year begins, and the month after it is another period, although
    /// a calendar gives it the same boundaries. A rating scope has one period, so its tiers start anew. Where the interval stays, A → B → A resets nothing.
    /// </summary>
    [Theory]
    [InlineData("calls 1 usage tiered /year", "8.00, 0.00, 4.00")]
    [InlineData("calls 3 usage tiered", "11.00, 0.00")] // 10 + 2 · 0.5, and nothing at the price between
    public void A_change_of_interval_ends_the_period_and_a_change_of_price_does_not(string between, string lines)
    {
        Story story = new() { Anchor = AnchorRule.Calendar };
        SubscriptionTerms monthly = story.Plan("basic", "calls 1 usage tiered");
        story.Start(monthly, "2026-04-01").Use("calls", "2026-04-02", "8").Use("calls", "2026-04-25", "4");
        story.Do(story.Now.Change(story.Plan("other", between), Story.At("2026-04-10"))).Do(story.Now.Change(monthly, Story.At("2026-04-20")));
        MemorySeller seller = new(story);
        seller.Bill(Story.At("2026-05-01"));
        Assert.Equal(lines, string.Join(", ", seller.Invoices.SelectMany(invoice => invoice.Lines).Select(line => line.Amount)));
    }

    /// <summary>Its discount is of the rounded part, and not of a whole period: what it cost stays what it cost.</summary>
    [Fact]
    public void A_discounted_fee_that_begins_within_its_period_is_right_as_it_was_billed()
    {
        List<string> wrong = [];
        foreach (string price in new[] { "5", "9.99", "12.34", "30", "99.99", "0.07" })
        {
            foreach (string percent in new[] { "10", "33.3", "50", "12.5", "66.7" })
            {
                for (int day = 2; day <= 30; day++)
                {
                    Story story = new Story { Anchor = AnchorRule.Calendar }.Discount(new Discount(Fraction.Parse(percent), null), "2026-01-01");
                    story.Start(story.Plan("basic", $"base {price} advance"), $"2026-04-{day:00}");
                    MemorySeller seller = new(story);
                    seller.Bill(Story.At("2026-05-01"));
                    seller.Touch(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
                    seller.Correct(Story.At("2026-05-02"));
                    if (seller.Waiting.Any() || seller.Invoices.Any(invoice => !invoice.Notes.IsZero))
                    {
                        wrong.Add($"{price} less {percent} % from the {day}th");
                    }
                }
            }
        }

        Assert.Empty(wrong);
    }

    private static (Story Story, MemorySeller Seller) Weekly(string until = "2026-06-01")
    {
        Story story = new Story { Anchor = AnchorRule.Calendar }.Commit("basic", new Commitment("spend", 100, ["base", "calls"]));
        story.Start(story.Plan("basic", "base 30 advance, calls 1 usage /week"), "2026-04-01").Use("calls", "2026-04-28", "8");
        MemorySeller seller = new(story);
        seller.Bill(Story.At(until));
        return (story, seller);
    }

    private static string[] TrueUps(MemorySeller seller) =>
        [.. seller.Invoices.SelectMany(invoice => invoice.Lines).Where(line => line.Key.StartsWith("commitment:", StringComparison.Ordinal) && !line.Amount.IsZero).Select(line => $"{line.Amount}")];

    /// <summary>April: its fee in advance, 8 calls after it.</summary>
    private static (Story Story, MemorySeller Seller) Billed(Story story)
    {
        story.Start(story.Plan("basic", Basic), "2026-04-01").Use("calls", "2026-04-05", "8");
        MemorySeller seller = new(story);
        seller.Bill(Story.At("2026-05-01"));
        return (story, seller);
    }

    /// <summary>What a correction of April charges or gives back.</summary>
    private static string Correct(Story story, MemorySeller seller)
    {
        string text = string.Join(", ", PeriodCorrection.Of(story.History, new TimeRange(Story.At("2026-04-01"), Story.At("2026-05-01")), seller.BilledTo, [.. seller.Counted], story.Tax, story.UsageOf).Select(change => $"{change.Component} {change.Amount}"));
        seller.Touch(Story.At("2026-04-01"), Story.At("2026-05-01"));
        seller.Correct(Story.At("2026-05-02"));
        return text;
    }

    private static string[] Lines(MemorySeller seller) => [.. seller.Invoices.Select(invoice => string.Join(", ", invoice.Lines.Select(line => $"{line.Component} {line.Amount}")))];
}
