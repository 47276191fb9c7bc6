using System.Text.Json;
using Metering.Billing.Tests.Calculator;
using Xunit;

namespace Metering.Billing.Tests.Rating;

/// <summary>clamp((v − free)·percent + fixed, min, max), event by event.</summary>
public class PercentageTests
{
    [Theory]
    // 2.9 % + 0.30: 100 → 2.9 + 0.3; 10 → 0.29 + 0.3.
    [InlineData("\"percent\":\"2.9\",\"fixed\":\"0.30\"", "100,10", "3.79")]
    // An event of 0 that is not free pays the fixed fee, and at least the minimum.
    [InlineData("\"percent\":\"2.9\",\"fixed\":\"0.30\"", "0", "0.3")]
    [InlineData("\"percent\":\"2.9\",\"fixed\":\"0.30\",\"min_per_event\":\"0.50\"", "0,10", "1.09")] // max(0.3, 0.5) + max(0.59, 0.5)
    // At most 5 an event: 1000·2.9 % + 0.3 = 29.3 → 5.
    [InlineData("\"percent\":\"2.9\",\"fixed\":\"0.30\",\"max_per_event\":\"5\"", "1000,100", "8.2")]
    // Below zero: only the percentage; no fixed fee, no minimum, no maximum.
    [InlineData("\"percent\":\"2.9\",\"fixed\":\"0.30\",\"min_per_event\":\"1\",\"max_per_event\":\"2\"", "-100", "-2.9")]
    [InlineData("\"percent\":\"2.9\",\"fixed\":\"0.30\"", "", "0")]
    // Two free events: the third pays.
    [InlineData("\"percent\":\"10\",\"fixed\":\"1\",\"free_events\":2", "50,60,70", "8")]
    // Wholly free pays not even the minimum.
    [InlineData("\"percent\":\"10\",\"min_per_event\":\"20\",\"free_events\":2", "50,60,70", "20")]
    // 100 free: 60 is free; of 70 are 40 free, 30·10 % + 1 = 4; 5·10 % + 1 = 1.5.
    [InlineData("\"percent\":\"10\",\"fixed\":\"1\",\"free_amount\":\"100\"", "60,70,5", "5.5")]
    // Used up exactly: 100 is wholly free, an event of 0 after it pays the fixed fee.
    [InlineData("\"percent\":\"10\",\"fixed\":\"1\",\"free_amount\":\"100\"", "100,0", "1")]
    // Before it is used up an event of 0 is wholly free.
    [InlineData("\"percent\":\"10\",\"fixed\":\"1\",\"free_amount\":\"100\"", "0,100", "0")]
    // Whichever runs out first: after two events, with 70 of 100 left over. 50·10 % + 1.
    [InlineData("\"percent\":\"10\",\"fixed\":\"1\",\"free_events\":2,\"free_amount\":\"100\"", "10,20,50", "6")]
    // … or after 100, with the second event: 120 − 100 + … : 10 free; of 120 are 90 free, 30·10 % + 1 = 4; then 1·10 % + 1.
    [InlineData("\"percent\":\"10\",\"fixed\":\"1\",\"free_events\":5,\"free_amount\":\"100\"", "10,120,1", "5.1")]
    // An event below zero uses no free part and frees none: −50·10 %, then 100 is wholly free.
    [InlineData("\"percent\":\"10\",\"fixed\":\"1\",\"free_events\":1", "-50,100,10", "-3")]
    [InlineData("\"percent\":\"10\",\"fixed\":\"1\",\"free_amount\":\"100\"", "-50,100,10", "-3")]
    [InlineData("\"percent\":\"10\",\"free_events\":0,\"free_amount\":\"100\"", "50", "5")]
    [InlineData("\"percent\":\"10\",\"free_events\":3,\"free_amount\":\"0\"", "50", "5")]
    // Half a period: 3 free events · ½ = 1.5, rounded up to 2; 100 free · ½ = 50.
    [InlineData("\"share\":\"1/2\",\"percent\":\"10\",\"free_events\":3", "50,50,50", "5")]
    [InlineData("\"share\":\"1/2\",\"percent\":\"10\",\"free_amount\":\"100\"", "50,50,50", "10")]
    // A third of 100 is free: 50 − 100/3 = 50/3, and 10 % of it is 5/3.
    [InlineData("\"share\":\"1/3\",\"percent\":\"10\",\"free_amount\":\"100\"", "50", "5/3")]
    public void Events_cost(string price, string values, string exact) => Assert.Equal(exact, Rate(price, values).Text("total.exact"));

    [Fact]
    public void The_free_part_is_used_in_order_of_time_and_identity_whatever_the_order_of_the_list()
    {
        // One event is free. In order of time it is that of 10:00; of two at the same time the smaller identity.
        string Case(string events) => $$"""{"events":[{{events}}],"component":{"model":"percentage","percent":"10","free_events":1} }""";
        const string Early = """{"value":"50","at":"2026-01-02T10:00:00Z","id":"e2"}""";
        const string Same = """{"value":"70","at":"2026-01-02T10:00:00Z","id":"e1"}""";
        const string Late = """{"value":"30","at":"2026-01-02T10:00:00.0000001Z","id":"e0"}""";
        Assert.Equal("8", Calculate.Rate(Case($"{Early},{Same},{Late}")).Text("total.exact")); // 70 is free
        Assert.Equal("8", Calculate.Rate(Case($"{Late},{Early},{Same}")).Text("total.exact"));
        Assert.Equal("3", Calculate.Rate(Case($"{Late},{Early}")).Text("total.exact"));        // 50 is free
    }

    [Fact]
    public void An_event_that_arrives_late_shifts_the_free_part_and_the_difference_may_be_negative()
    {
        // One event is free, at −10 %. Billed: 100 is free, 10 pays −1. The late event of 5 is the first and is free instead: 100 and 10
        // pay −11, so the step is −10.
        const string Price = "\"component\":{\"model\":\"percentage\",\"percent\":\"-10\",\"free_events\":1}";
        const string Billed = """{"value":"100","at":"2026-01-02","id":"a"},{"value":"10","at":"2026-01-03","id":"b"}""";
        const string Late = """{"value":"5","at":"2026-01-01","id":"c"}""";
        Assert.Equal("-1.00", Calculate.Rate($$"""{"events":[{{Billed}}],{{Price}}}""").Text("amount"));
        Assert.Equal("-10.00", Calculate.Rate($$"""{"events":[{{Billed}},{{Late}}],"already":{"amount":"-1.00"},{{Price}}}""").Text("amount"));
    }

    [Fact]
    public void A_late_refund_is_given_back()
    {
        // A refund of 20 that happened first arrives last. It uses no free part: 150 still has 100 free, and 20·10 % are given back.
        const string Price = "\"component\":{\"model\":\"percentage\",\"percent\":\"10\",\"free_amount\":\"100\"}";
        const string Billed = """{"value":"150","at":"2026-01-02","id":"a"}""";
        const string Late = """{"value":"-20","at":"2026-01-01","id":"b"}""";
        Assert.Equal("5", Calculate.Rate($$"""{"events":[{{Billed}}],{{Price}} }""").Text("amount_exact"));              // (150 − 100)·10 %
        Assert.Equal("-2.00", Calculate.Rate($$"""{"events":[{{Billed}},{{Late}}],"already":{"amount":"5.00"},{{Price}} }""").Text("amount")); // 5 − 2 − 5
    }

    [Fact]
    public void The_explanation_lists_every_event()
    {
        var answer = Rate("\"percent\":\"10\",\"fixed\":\"1\",\"free_amount\":\"100\"", "60,70");
        Assert.Equal("""{"step":"event","id":"","quantity":"60","free":"60","percent":"10","fixed":"0","exact":"0"}""", answer.Text("explanation.0"));
        Assert.Equal("""{"step":"event","id":"","quantity":"70","free":"40","percent":"10","fixed":"1","exact":"4"}""", answer.Text("explanation.1"));
    }

    // Conversion and allowance make the billable quantity of a quantity; a percentage has neither, and its free part is a matter of its price.
    [Fact]
    public void All_that_was_used_is_billable_also_what_is_free()
    {
        const string Price = "\"component\":{\"model\":\"percentage\",\"percent\":\"10\",\"fixed\":\"1\",\"free_amount\":\"100\"}";
        const string Events = """[{"value":"60"},{"value":"70"},{"value":"-5"}]""";
        Assert.Equal("125", Calculate.Rate($$"""{"events":{{Events}},{{Price}} }""").Text("billable_quantity"));

        JsonElement step = Calculate.Rate($$"""{"events":{{Events}},"already":{"quantity":"60","amount":"0.25"},{{Price}} }""");
        Assert.Equal(("65", "60"), (step.Text("billable_quantity"), step.Text("billable_quantity_before")));
        Assert.Equal("3.25", step.Text("amount")); // 30·10 % + 1 − 0.5 = 3.5, less 0.25
        Assert.Equal("""[{"kind":"usage","cell":{},"amount":"3.25","exact":"3.25"}]""", step.Text("lines"));
    }

    private static JsonElement Rate(string price, string values)
    {
        string events = string.Join(",", values.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(value => $$"""{"value":"{{value}}"}"""));
        string share = price.StartsWith("\"share\"", StringComparison.Ordinal) ? price[..(price.IndexOf(',', StringComparison.Ordinal) + 1)] : "";
        return Calculate.Rate($$"""{"events":[{{events}}],{{share}}"component":{"model":"percentage",{{price[share.Length..]}} } }""");
    }
}
