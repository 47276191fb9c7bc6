using System.Text.Json;
using Metering.Billing.Tests.Calculator;
using Xunit;

namespace Metering.Billing.Tests.Rating;

/// <summary>Billing a scope in steps: the rating of all of it minus what is rated already.</summary>
public class StepTests
{
    private const string Graduated = """{"model":"graduated","tiers":[{"up_to":"10","flat":"2","unit":"10"},{"up_to":"20","flat":"3","unit":"5"},{"flat":"3","unit":"5"}]}""";
    private const string Volume = """{"model":"volume","tiers":[{"up_to":"100","flat":"10","unit":"2"},{"up_to":"200","unit":"1"},{"flat":"50","unit":"0.5"}]}""";

    [Theory]
    [InlineData(Graduated, "3", null, "32.00")]
    [InlineData(Graduated, "7", "3", "40.00")]       // 72 − 32
    [InlineData(Graduated, "11", "7", "38.00")]      // 110 − 72
    [InlineData(Graduated, "5", "7", "-20.00")]      // fewer: 52 − 72
    [InlineData(Graduated, "0", "0", "0.00")]        // the flat fee is not paid again
    [InlineData(Volume, "101", "100", "-109.00")]    // a cheaper tier is reached: 101 − 210
    [InlineData("""{"model":"package","package_size":"10","package_price":"7"}""", "19", "11", "0.00")]  // inside a package already billed
    [InlineData("""{"model":"package","package_size":"10","package_price":"7"}""", "21", "11", "7.00")]
    [InlineData("""{"model":"per_unit","unit":"1","maximum":"10"}""", "8", "12", "-2.00")]               // a later fall is given back: 8 − 10
    [InlineData("""{"model":"per_unit","unit":"1","minimum":"10"}""", "4", "3", "7.00")]                 // 10 on closing, 3 were billed before
    [InlineData("""{"model":"flat","amount":"10"}""", "4", "3", "0.00")]
    [InlineData("""{"model":"per_unit","unit":"0.004"}""", "2", "1", "0.01")]                            // 0.008 → 0.01, 0.004 → 0.00
    [InlineData("""{"model":"per_unit","unit":"0.004"}""", "3", "2", "0.00")]                            // 0.012 → 0.01, minus 0.01
    public void A_step_costs_the_difference_of_two_rounded_totals(string component, string quantity, string? before, string amount)
    {
        string already = before is null ? "" : $$""","already":{"quantity":"{{before}}"}""";
        Assert.Equal(amount, Calculate.Rate($$"""{"quantity":"{{quantity}}"{{already}},"component":{{component}} }""").Text("amount"));
    }

    [Fact]
    public void The_answer_has_the_shape_of_the_reference()
    {
        Assert.Equal("""
            {"id":"case","amount":"37.00","amount_exact":"37","total":{"amount":"109.00","exact":"109"},"already":{"amount":"72.00"},"billable_quantity":"5","billable_quantity_before":"7",
            "lines":[{"kind":"usage","cell":{},"amount":"37.00","exact":"37"}],
            "explanation":[{"step":"tier","from":"0","up_to":"10","quantity":"10","unit":"10","flat":"2","exact":"102"},
            {"step":"tier","from":"10","up_to":null,"quantity":"2","package_size":"100","package_price":"7","flat":"0","exact":"7"},
            {"step":"round","exact":"109","rounding":"half_away_from_zero","amount":"109.00"},{"step":"already","exact":"72","amount":"72.00"}]}
            """.ReplaceLineEndings(""),
            Calculate.Rate("""
            {"quantity":"12","already":{"quantity":"7","amount":"72.00"},"closing":true,
             "component":{"model":"graduated","tiers":[{"up_to":"10","flat":"2","unit":"10"},{"up_to":null,"flat":"0","package_size":"100","package_price":"7"}]}}
            """).ToString());
    }

    [Fact]
    public void The_amount_given_is_what_counts_and_the_usage_line_carries_the_difference()
    {
        // Rated today, 7 with 50 % off is 36; but 40 was billed. 55 − 40 = 15: usage 110 − 72 − (40 − 36) = 34, discount −55 + 36 = −19.
        JsonElement answer = Calculate.Rate($$"""
            {"quantity":"11","already":{"quantity":"7","amount":"40"},"component":{{Graduated[..^1]}},"discounts":[{"percent":"50"}] } }
            """);
        Assert.Equal("15.00", answer.Text("amount"));
        Assert.Equal(
            """[{"kind":"usage","cell":{},"amount":"34.00","exact":"34"},{"kind":"discount","cell":{},"amount":"-19.00","exact":"-19"}]""",
            answer.Text("lines"));
    }

    [Fact]
    public void Only_an_amount_may_be_known()
    {
        JsonElement answer = Calculate.Rate($$"""{"quantity":"11","already":{"amount":"0.125"},"component":{{Graduated}} }""");
        Assert.Equal("109.87", answer.Text("amount"));          // 110.00 − 0.13: both are rounded
        Assert.Equal("109.875", answer.Text("amount_exact"));   // 110 − 0.125: neither is
        Assert.Equal("11", answer.Text("billable_quantity"));
        Assert.Equal("0", answer.Text("billable_quantity_before"));
    }

    [Fact]
    public void The_rounded_total_is_exactly_what_steps_have_billed_however_unrounded_they_were()
    {
        // Thirds of a cent, ten steps of one unit: 0.00 + 0.01 + 0.00 + … = round(10/300) = 0.03
        const string Component = """{"model":"per_unit","unit":"0.01","conversion":{"op":"divide","factor":"3"}}""";
        int cents = Enumerable.Range(1, 10).Sum(i => int.Parse(Calculate.Rate(
            $$"""{"quantity":"{{i}}","already":{"quantity":"{{i - 1}}"},"component":{{Component}} }""").Text("amount").Replace(".", "", StringComparison.Ordinal), null));
        Assert.Equal(3, cents);
    }
}
