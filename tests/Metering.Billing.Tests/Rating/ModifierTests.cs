using System.Text.Json;
using Metering.Billing.Tests.Calculator;
using Xunit;

namespace Metering.Billing.Tests.Rating;

/// <summary>What stands around the model: conversion, allowance, discounts, minimum, maximum, rounding.</summary>
public class ModifierTests
{
    [Theory]
    [InlineData("\"op\":\"divide\",\"factor\":\"1000\"", "2500", "2.5")]
    [InlineData("\"op\":\"divide\",\"factor\":\"1000\",\"round\":\"none\"", "2500", "2.5")]
    [InlineData("\"op\":\"divide\",\"factor\":\"1000\",\"round\":\"up\"", "2500", "3")]
    [InlineData("\"op\":\"divide\",\"factor\":\"1000\",\"round\":\"up\"", "-2500", "-2")]       // towards +∞, below zero too
    [InlineData("\"op\":\"divide\",\"factor\":\"1000\",\"round\":\"down\"", "2500", "2")]
    [InlineData("\"op\":\"divide\",\"factor\":\"1000\",\"round\":\"down\"", "-2500", "-3")]
    [InlineData("\"op\":\"divide\",\"factor\":\"1000\",\"round\":\"half_up\"", "2500", "3")]
    [InlineData("\"op\":\"divide\",\"factor\":\"1000\",\"round\":\"half_up\"", "-2500", "-2")]
    [InlineData("\"op\":\"divide\",\"factor\":\"1000\",\"round\":\"half_up\",\"precision\":1", "2449.9", "2.4")]
    [InlineData("\"op\":\"multiply\",\"factor\":\"0.5\",\"round\":\"up\",\"precision\":-3", "2001", "2000")] // 1000.5 → 2000
    [InlineData("\"op\":\"divide\",\"factor\":\"3\"", "1", "1/3")]
    [InlineData("\"op\":\"multiply\",\"factor\":\"0\"", "5", "0")]
    public void A_quantity_is_converted_and_rounded(string conversion, string quantity, string exact) =>
        Assert.Equal(exact, Total($$"""{"quantity":"{{quantity}}","component":{"model":"per_unit","unit":"1","conversion":{ {{conversion}} } } }"""));

    [Theory]
    [InlineData("5", "12", "7")]
    [InlineData("5", "5", "0")]
    [InlineData("5", "4.5", "0")]      // unused is lost
    [InlineData("5", "0", "0")]
    [InlineData("5", "-3", "-3")]      // at or below zero untouched
    [InlineData("0.5", "0.75", "0.25")]
    [InlineData("0", "3", "3")]
    public void An_allowance_is_free(string allowance, string quantity, string exact) =>
        Assert.Equal(exact, Total($$"""{"quantity":"{{quantity}}","component":{"model":"per_unit","unit":"1","allowance":"{{allowance}}"} }"""));

    [Fact]
    public void Tiers_and_allowance_are_in_converted_units_and_tiers_count_from_what_is_left() =>
        // 25,000 ÷ 1000 = 25; 25 − 10 = 15; 10·2 + 5·1 = 25
        Assert.Equal("25", Total("""
            {"quantity":"25000","component":{"model":"graduated","tiers":[{"up_to":"10","unit":"2"},{"unit":"1"}],"conversion":{"op":"divide","factor":"1000"},"allowance":"10"}}
            """));

    [Theory]
    [InlineData("{\"percent\":\"50\"},{\"percent\":\"50\"}", "100", "25")]                       // 100 → 50 → 25: percents multiply
    [InlineData("{\"amount\":\"10\"},{\"percent\":\"50\"}", "100", "40")]                        // percents first: 50 − 10
    [InlineData("{\"amount\":\"60\"},{\"amount\":\"60\"}", "100", "0")]                          // never past zero; 20 are lost
    [InlineData("{\"percent\":\"100\"}", "100", "0")]
    [InlineData("{\"percent\":\"0\"}", "100", "100")]
    [InlineData("{\"amount\":\"10\"}", "0", "0")]
    [InlineData("{\"amount\":\"10\"}", "-5", "-5")]                                              // an amount takes nothing from what is below zero
    [InlineData("{\"percent\":\"50\"}", "-5", "-2.5")]                                           // a percentage mirrors its charge
    [InlineData("{\"percent\":\"33.333333333333\"}", "3", "2.00000000000001")]
    public void Discounts_are_taken_off(string discounts, string quantity, string exact) =>
        Assert.Equal(exact, Total($$"""{"quantity":"{{quantity}}","component":{"model":"per_unit","unit":"1","discounts":[{{discounts}}]} }"""));

    [Theory]
    [InlineData("\"minimum\":\"10\"", "0", true, "10")]                       // zero usage pays it
    [InlineData("\"minimum\":\"10\"", "4", true, "10")]
    [InlineData("\"minimum\":\"10\"", "4", false, "4")]                       // not before the scope closes
    [InlineData("\"minimum\":\"10\"", "12", true, "12")]
    [InlineData("\"minimum\":\"10\"", "-3", true, "10")]
    [InlineData("\"maximum\":\"10\"", "12", true, "10")]
    [InlineData("\"maximum\":\"10\"", "12", false, "10")]                     // a maximum holds at every step
    [InlineData("\"maximum\":\"10\"", "-12", true, "-12")]
    [InlineData("\"minimum\":\"10\",\"maximum\":\"10\"", "3", true, "10")]
    [InlineData("\"minimum\":\"10\",\"discounts\":[{\"percent\":\"50\"}]", "12", true, "10")] // after discounts: 6 → 10
    [InlineData("\"maximum\":\"10\",\"discounts\":[{\"percent\":\"50\"}]", "22", true, "10")] // 11 → 10
    public void A_component_costs_at_least_and_at_most(string bounds, string quantity, bool closing, string exact) =>
        Assert.Equal(exact, Total($$"""{"quantity":"{{quantity}}","closing":{{(closing ? "true" : "false")}},"component":{"model":"per_unit","unit":"1",{{bounds}} } }"""));

    [Theory]
    [InlineData("\"allowance\":\"31\"", "20", "5")]        // 31 · 15/31 = 15 free
    [InlineData("\"minimum\":\"31\"", "2", "15")]
    [InlineData("\"maximum\":\"31\"", "20", "15")]
    [InlineData("\"minimum\":\"10\"", "0", "150/31")]      // 4.838… is 4.84 in money
    public void A_share_scales_what_is_free_and_what_is_bounded(string modifier, string quantity, string exact) =>
        Assert.Equal(exact, Total($$"""{"quantity":"{{quantity}}","share":"15/31","component":{"model":"per_unit","unit":"1",{{modifier}} } }"""));

    [Theory]
    [InlineData("USD", "0.125", "half_away_from_zero", "0.13")]
    [InlineData("USD", "-0.125", "half_away_from_zero", "-0.13")]
    [InlineData("USD", "0.125", "half_even", "0.12")]
    [InlineData("USD", "-0.125", "half_up", "-0.12")]
    [InlineData("USD", "0.121", "up", "0.13")]
    [InlineData("USD", "0.129", "down", "0.12")]
    [InlineData("JPY", "12.5", "half_away_from_zero", "13")]
    [InlineData("KWD", "1.0005", "half_away_from_zero", "1.001")]
    public void The_line_is_rounded_once_in_the_price_books_way(string currency, string quantity, string rounding, string amount) =>
        Assert.Equal(amount, Calculate.Rate($$"""{"currency":"{{currency}}","rounding":"{{rounding}}","quantity":"{{quantity}}","component":{"model":"per_unit","unit":"1"} }""").Text("amount"));

    [Fact]
    public void A_shown_discount_is_the_difference_of_two_rounded_amounts()
    {
        // 0.125 → 0.13; 0.125·(1 − 10 %) = 0.1125 → 0.11. The discount shown is 0.02, although 10 % of 0.125 is 0.0125.
        JsonElement answer = Calculate.Rate("""{"quantity":"0.125","component":{"model":"per_unit","unit":"1","discounts":[{"percent":"10"}]}}""");
        Assert.Equal(
            """[{"kind":"usage","cell":{},"amount":"0.13","exact":"0.125"},{"kind":"discount","cell":{},"amount":"-0.02","exact":"-0.0125"}]""",
            answer.Text("lines"));
        Assert.Equal("0.11", answer.Text("amount"));
    }

    [Fact]
    public void Each_modifier_that_changed_the_amount_has_a_line()
    {
        // 4 − 25 % = 3, raised to 10: lines 4, −1, 7.
        Assert.Equal(
            """[{"kind":"usage","cell":{},"amount":"4.00","exact":"4"},{"kind":"discount","cell":{},"amount":"-1.00","exact":"-1"},{"kind":"minimum","cell":{},"amount":"7.00","exact":"7"}]""",
            Calculate.Rate("""{"quantity":"4","component":{"model":"per_unit","unit":"1","minimum":"10","maximum":"20","discounts":[{"percent":"25"}]}}""").Text("lines"));
        Assert.Equal(
            """[{"kind":"usage","cell":{},"amount":"40.00","exact":"40"},{"kind":"maximum","cell":{},"amount":"-20.00","exact":"-20"}]""",
            Calculate.Rate("""{"quantity":"40","component":{"model":"per_unit","unit":"1","minimum":"10","maximum":"20"}}""").Text("lines"));
    }

    [Fact]
    public void The_explanation_is_enough_to_recompute_by_hand()
    {
        JsonElement steps = Calculate.Rate("""
            {"quantity":"12500","share":"1/2","already":{"quantity":"1000"},"component":{"model":"graduated","tiers":[{"up_to":"5","flat":"1","unit":"2"},{"package_size":"2","package_price":"3"}],
             "conversion":{"op":"divide","factor":"1000","round":"up"},"allowance":"8","discounts":[{"percent":"10"},{"amount":"0.5"}],"minimum":"50","maximum":"40"}}
            """.Replace("\"40\"", "\"60\"", StringComparison.Ordinal)).GetProperty("explanation");
        Assert.Equal(
            [
                """{"step":"convert","from":"12500","op":"divide","factor":"1000","round":"up","precision":0,"quantity":"13"}""",
                """{"step":"allowance","from":"13","allowance":"4","quantity":"9"}""",
                """{"step":"tier","from":"0","up_to":"5","quantity":"5","unit":"2","flat":"1","exact":"11"}""",
                """{"step":"tier","from":"5","up_to":null,"quantity":"4","package_size":"2","package_price":"3","flat":"0","exact":"6"}""",
                """{"step":"discount","percent":"10","exact":"-1.7"}""",
                """{"step":"discount","amount":"0.5","exact":"-0.5"}""",
                """{"step":"minimum","minimum":"25","exact":"10.2"}""",
                """{"step":"maximum","maximum":"30","exact":"0"}""",
                """{"step":"round","exact":"25","rounding":"half_away_from_zero","amount":"25.00"}""",
                """{"step":"already","exact":"0.4","amount":"0.40"}""", // flat₁ 1, − 10 % − 0.5
            ],
            steps.EnumerateArray().Select(step => step.ToString()));
    }

    private static string Total(string body) => Calculate.Rate(body).Text("total.exact");
}
