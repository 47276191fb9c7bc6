using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Metering.Billing.Tests.Calculator;

/// <summary>What is refused says where and why, and harms no other case.</summary>
public class RefusalTests
{
    private const string Unit = "\"component\":{\"model\":\"per_unit\",\"unit\":\"1\"}";

    [Theory]
    // The case.
    [InlineData("\"quantity\":\"1\"", "component: is required")]
    [InlineData("\"component\":[]", "component: must be an object", "component.model: is required")]
    [InlineData("\"quantity\":\"1\",\"component\":{}", "component.model: is required")]
    [InlineData("\"quantity\":\"1\",\"component\":{\"model\":\"free\"}", "component.model: must be one of flat, licensed, per_unit, graduated, volume, package, graduated_percentage, percentage, dynamic, matrix")]
    [InlineData(Unit, "quantity: is required, or events, or cells")]
    [InlineData("\"quantity\":null," + Unit, "quantity: is required, or events, or cells")]
    [InlineData("\"quantity\":1," + Unit, "quantity: must be a string, so that no reader turns it into a binary number")]
    [InlineData("\"quantity\":true," + Unit, "quantity: must be a string")]
    [InlineData("\"quantity\":\"1e3\"," + Unit, "quantity: must be a plain number with at most 12 decimals")]
    [InlineData("\"quantity\":\"0.1234567890123\"," + Unit, "quantity: must be a plain number with at most 12 decimals")]
    [InlineData("\"quantity\":\"1\",\"events\":[]," + Unit, "events: stands instead of the other usage: give one of quantity, events, cells")]
    [InlineData("\"events\":[{\"value\":\"1\"}]," + Unit, "events: are for prices of single events or of the events' money")]
    [InlineData("\"cells\":[{\"key\":{},\"quantity\":\"1\"}]," + Unit, "cells: are for a matrix")]
    [InlineData("\"quantity\":\"1\",\"surprise\":1," + Unit, "surprise: is not a field here")]
    [InlineData("\"quantity\":\"1\",\"quantity\":\"2\"," + Unit, "quantity: is given twice")]
    [InlineData("\"quantity\":\"1\",\"rounding\":\"nearest\"," + Unit, "rounding: must be one of half_away_from_zero, half_even, half_up, up, down")]
    [InlineData("\"quantity\":\"1\",\"share\":\"-1/2\"," + Unit, "share: must not be negative")]
    [InlineData("\"quantity\":\"1\",\"share\":\"1/0\"," + Unit, "share: is neither a plain number nor n/d")]
    [InlineData("\"quantity\":\"1\",\"share\":0.5," + Unit, "share: must be a string, so that no reader turns it into a binary number")]
    [InlineData("\"quantity\":\"1\",\"closing\":\"yes\"," + Unit, "closing: must be true or false")]
    [InlineData("\"quantity\":\"1\",\"already\":{\"amount\":72}," + Unit, "already.amount: must be a string, so that no reader turns it into a binary number")]
    [InlineData("\"quantity\":\"1\",\"already\":{\"sum\":\"72\"}," + Unit, "already.sum: is not a field here")]
    [InlineData("\"quantity\":\"\\ud800\"," + Unit, "quantity: is not valid Unicode")]
    [InlineData("\"quantity\":\"92233720368547758.08\"," + Unit, "the result is beyond what an amount can hold")]
    [InlineData("\"quantity\":\"x\",\"closing\":1,\"component\":{\"model\":\"per_unit\",\"unit\":2}", "closing: must be true or false", "component.unit: must be a string, so that no reader turns it into a binary number", "quantity: must be a plain number with at most 12 decimals")]
    // Events and cells.
    [InlineData("\"quantity\":\"5\",\"component\":{\"model\":\"percentage\",\"percent\":\"1\"}", "events: are required: the price is of each event")]
    [InlineData("\"events\":[],\"already\":{\"quantity\":\"1\"},\"component\":{\"model\":\"percentage\",\"percent\":\"1\"}", "already.quantity: does not say which events or cells it was: give already.amount")]
    [InlineData("\"events\":[{\"at\":\"2026-01-01\"}],\"component\":{\"model\":\"percentage\",\"percent\":\"1\"}", "events[0].value: is required")]
    [InlineData("\"events\":[{\"value\":\"1\",\"at\":\"2026-02-30\"}],\"component\":{\"model\":\"percentage\",\"percent\":\"1\"}", "events[0].at: must be a date, a local date-time, or an instant with Z")]
    [InlineData("\"events\":[{\"value\":\"1\",\"at\":\"2026-01-01\"},{\"value\":\"1\"}],\"component\":{\"model\":\"percentage\",\"percent\":\"1\"}", "events[1].at: must be in all events or in none")]
    [InlineData("\"events\":[{\"value\":\"1\"},{\"value\":\"1\",\"currency\":\"EUR\"}],\"component\":{\"model\":\"dynamic\"}", "events[1].currency: is EUR, the subscription's is USD: it has no price, and nothing is converted")]
    [InlineData("\"quantity\":\"5\",\"component\":{\"model\":\"matrix\",\"dimensions\":[\"m\"],\"unknown\":\"hold\"}", "cells: are required: the price is a matrix")]
    [InlineData("\"cells\":[{\"key\":{\"n\":\"1\"},\"quantity\":\"1\"}],\"component\":{\"model\":\"matrix\",\"dimensions\":[\"m\"],\"unknown\":\"hold\"}", "cells[0].key: must have a value for each of m and no other")]
    [InlineData("\"cells\":[{\"key\":{\"m\":\"1\"},\"quantity\":\"1\"},{\"key\":{\"m\":\"1\"},\"quantity\":\"1\"}],\"component\":{\"model\":\"matrix\",\"dimensions\":[\"m\"],\"default\":{\"model\":\"per_unit\",\"unit\":\"1\"}}", "cells[1].key: is listed twice")]
    [InlineData("\"cells\":[{\"key\":{\"m\":1}}],\"component\":{\"model\":\"matrix\",\"dimensions\":[\"m\"],\"unknown\":\"hold\"}", "cells[0].key.m: must be a string", "cells[0].quantity: is required, or events instead")]
    // Seats.
    [InlineData("\"quantity\":\"-1\",\"component\":{\"model\":\"licensed\",\"unit\":\"1\"}", "quantity: must not be negative")]
    [InlineData("\"quantity\":\"1.5\",\"component\":{\"model\":\"licensed\",\"unit\":\"1\"}", "quantity: must be whole seats")]
    [InlineData("\"quantity\":\"1\",\"already\":{\"quantity\":\"-1\"},\"component\":{\"model\":\"licensed\",\"unit\":\"1\"}", "already.quantity: must not be negative")]
    public void A_bad_case_is_told_every_problem_with_its_path(string fields, params string[] problems) =>
        Assert.Equal(string.Join("; ", problems), Calculate.Problem($"{{{fields}}}"));

    [Theory]
    [InlineData("\"model\":\"flat\"", "component.amount: is required")]
    [InlineData("\"model\":\"per_unit\"", "component.unit: is required")]
    [InlineData("\"model\":\"per_unit\",\"unit\":\"1\",\"tiers\":[]", "component.tiers: is not a field here")]
    [InlineData("\"model\":\"graduated\"", "component.tiers: is required")]
    [InlineData("\"model\":\"graduated\",\"tiers\":{}", "component.tiers: must be a list")]
    [InlineData("\"model\":\"graduated\",\"tiers\":[]", "component.tiers: must have at least one tier")]
    [InlineData("\"model\":\"graduated\",\"tiers\":[{\"up_to\":\"10\",\"unit\":\"1\"}]", "component.tiers[0].up_to: must be open in the last tier, or larger quantities have no price")]
    [InlineData("\"model\":\"graduated\",\"tiers\":[{\"unit\":\"1\"},{\"unit\":\"1\"}]", "component.tiers[0].up_to: may be open in the last tier only")]
    [InlineData("\"model\":\"volume\",\"tiers\":[{\"up_to\":\"10\"},{\"up_to\":\"10\"},{}]", "component.tiers[1].up_to: must be above 10: tiers rise")]
    [InlineData("\"model\":\"volume\",\"tiers\":[{\"up_to\":\"0\"},{}]", "component.tiers[0].up_to: must be above 0: tiers rise")]
    [InlineData("\"model\":\"volume\",\"tiers\":[{\"percent\":\"1\"}]", "component.tiers[0].percent: is for graduated tiers")]
    [InlineData("\"model\":\"graduated_percentage\",\"tiers\":[{\"unit\":\"1\"}]", "component.tiers[0].percent: is required")]
    [InlineData("\"model\":\"graduated\",\"tiers\":[{\"unit\":\"1\",\"package_size\":\"1\",\"package_price\":\"1\"}]", "component.tiers[0].unit: stands instead of the other rates: give one of unit, percent, package_size with package_price")]
    [InlineData("\"model\":\"graduated\",\"tiers\":[{\"package_size\":\"1\"}]", "component.tiers[0].package_price: is required")]
    [InlineData("\"model\":\"graduated\",\"tiers\":[{\"package_size\":\"0\",\"package_price\":\"1\"}]", "component.tiers[0].package_size: must be above 0")]
    [InlineData("\"model\":\"package\",\"package_size\":\"-1\",\"package_price\":\"1\"", "component.package_size: must be above 0")]
    [InlineData("\"model\":\"package\",\"package_size\":\"1\",\"package_price\":\"1\",\"partial\":\"half\"", "component.partial: must be one of up, down")]
    [InlineData("\"model\":\"licensed\"", "component.model: needs one of amount, unit, package_size, tiers")]
    [InlineData("\"model\":\"licensed\",\"unit\":\"1\",\"amount\":\"1\"", "component.model: needs one of amount, unit, package_size, tiers")]
    [InlineData("\"model\":\"licensed\",\"unit\":\"-1\"", "component.unit: must not be negative")]
    [InlineData("\"model\":\"licensed\",\"tiers\":[{\"flat\":\"-1\",\"unit\":\"-2\"}]", "component.tiers[0].flat: must not be negative", "component.tiers[0].unit: must not be negative")]
    [InlineData("\"model\":\"percentage\",\"percent\":\"1\",\"free_events\":-1", "component.free_events: must be a JSON integer from 0 to 2147483647")]
    [InlineData("\"model\":\"percentage\",\"percent\":\"1\",\"free_events\":\"3\"", "component.free_events: must be a JSON integer from 0 to 2147483647")]
    [InlineData("\"model\":\"percentage\",\"percent\":\"1\",\"free_events\":1.5", "component.free_events: must be a JSON integer from 0 to 2147483647")]
    [InlineData("\"model\":\"percentage\",\"percent\":\"1\",\"free_amount\":\"-1\"", "component.free_amount: must not be negative")]
    [InlineData("\"model\":\"percentage\",\"percent\":\"1\",\"min_per_event\":\"2\",\"max_per_event\":\"1\"", "component.max_per_event: is below min_per_event")]
    [InlineData("\"model\":\"percentage\",\"percent\":\"1\",\"allowance\":\"2\"", "component.allowance: has no quantity to reduce: a percentage is taken of each event, and its free part is free_events and free_amount")]
    [InlineData("\"model\":\"flat\",\"amount\":\"1\",\"allowance\":\"2\"", "component.allowance: has no quantity to reduce: a flat price has no usage")]
    [InlineData("\"model\":\"per_unit\",\"unit\":\"1\",\"allowance\":\"-2\"", "component.allowance: must not be negative")]
    [InlineData("\"model\":\"per_unit\",\"unit\":\"1\",\"minimum\":\"-2\"", "component.minimum: must not be negative")]
    [InlineData("\"model\":\"per_unit\",\"unit\":\"1\",\"minimum\":\"2\",\"maximum\":\"1\"", "component.maximum: is below minimum")]
    [InlineData("\"model\":\"per_unit\",\"unit\":\"1\",\"conversion\":{\"op\":\"divide\",\"factor\":\"0\"}", "component.conversion.factor: must not be 0: nothing divides by it")]
    [InlineData("\"model\":\"per_unit\",\"unit\":\"1\",\"conversion\":{\"op\":\"multiply\",\"factor\":\"-1\"}", "component.conversion.factor: must not be negative")]
    [InlineData("\"model\":\"per_unit\",\"unit\":\"1\",\"conversion\":{\"factor\":\"1\"}", "component.conversion.op: is required")]
    [InlineData("\"model\":\"per_unit\",\"unit\":\"1\",\"conversion\":{\"op\":\"divide\",\"factor\":\"1\",\"round\":\"half_even\"}", "component.conversion.round: must be one of none, up, down, half_up")]
    [InlineData("\"model\":\"per_unit\",\"unit\":\"1\",\"conversion\":{\"op\":\"divide\",\"factor\":\"1\",\"precision\":\"2\"}", "component.conversion.precision: must be a JSON integer from -30 to 12")]
    [InlineData("\"model\":\"per_unit\",\"unit\":\"1\",\"discounts\":[{\"percent\":\"101\"}]", "component.discounts[0].percent: must be from 0 to 100")]
    [InlineData("\"model\":\"per_unit\",\"unit\":\"1\",\"discounts\":[{\"percent\":\"1\"},{\"percent\":\"-1\"}]", "component.discounts[1].percent: must be from 0 to 100")]
    [InlineData("\"model\":\"per_unit\",\"unit\":\"1\",\"discounts\":[{\"percent\":\"1\",\"amount\":\"1\"},{}]", "component.discounts[0]: must have a percent or an amount, not both", "component.discounts[1]: must have a percent or an amount, not both")]
    [InlineData("\"model\":\"per_unit\",\"unit\":\"1\",\"discounts\":[{\"amount\":\"-1\"}]", "component.discounts[0].amount: must not be negative")]
    [InlineData("\"model\":\"matrix\",\"dimensions\":[\"m\"]", "component.default: is required, or \"unknown\": \"hold\" instead")]
    [InlineData("\"model\":\"matrix\",\"dimensions\":[],\"unknown\":\"hold\"", "component.dimensions: must be 1 to 3")]
    [InlineData("\"model\":\"matrix\",\"dimensions\":[\"m\",\"m\"],\"unknown\":\"hold\"", "component.dimensions: must differ")]
    [InlineData("\"model\":\"matrix\",\"dimensions\":[\"m\"],\"unknown\":\"hold\",\"tiers\":[]", "component.tiers: is not a field here")]
    [InlineData("\"model\":\"matrix\",\"dimensions\":[\"m\"],\"unknown\":\"hold\",\"allowance\":\"1\"", "component.allowance: has no quantity to reduce: each cell of a matrix has its own")]
    [InlineData("\"model\":\"matrix\",\"dimensions\":[\"m\"],\"default\":{\"model\":\"flat\",\"amount\":\"1\"}", "component.default.model: a cell prices usage: per unit, tiers, package, percentage or dynamic")]
    [InlineData("\"model\":\"matrix\",\"dimensions\":[\"m\"],\"unknown\":\"hold\",\"cells\":[{\"key\":{\"n\":\"1\"},\"component\":{\"model\":\"per_unit\",\"unit\":\"1\",\"allowance\":\"-1\"}}]", "component.cells[0].key: must have a value for each dimension and no other", "component.cells[0].component.allowance: must not be negative")]
    [InlineData("\"model\":\"matrix\",\"dimensions\":[\"m\"],\"unknown\":\"hold\",\"cells\":[{}]", "component.cells[0].key: is required", "component.cells[0].component: is required")]
    public void A_bad_component_is_told_every_problem_with_its_path(string fields, params string[] problems) =>
        Assert.Equal(string.Join("; ", problems), Calculate.Problem($$"""{"quantity":"1","component":{ {{fields}} } }"""));

    [Fact]
    public void Tiers_and_discounts_are_limited()
    {
        string Many(int count, string item) => string.Join(",", Enumerable.Repeat(item, count));
        string Problem(int discounts) => Calculate.Rate($$"""{"quantity":"1","component":{"model":"per_unit","unit":"1","discounts":[{{Many(discounts, "{\"percent\":\"0.000000000001\"}")}}]} }""").ToString();
        Assert.Contains("\"amount\":\"1.00\"", Problem(100), StringComparison.Ordinal);
        Assert.Contains("component.discounts: are more than 100", Problem(101), StringComparison.Ordinal);
        string tiers = string.Join(",", Enumerable.Range(1, 1000).Select(i => $$"""{"up_to":"{{i}}"}"""));
        Assert.Equal("component.tiers: are more than 1000", Calculate.Problem($$"""{"quantity":"1","component":{"model":"volume","tiers":[{{tiers}},{}]} }"""));
    }

    [Fact]
    public void A_bad_case_harms_no_other_and_results_keep_the_order()
    {
        JsonElement answer = Calculate.Answer($$"""
            {"cases":[{"id":"a","currency":"USD","quantity":"1",{{Unit}}},5,{"currency":"USD","quantity":"1",{{Unit}}},{"id":7,"currency":"USD","quantity":"1",{{Unit}}},
            {"id":"b","currency":"XYZ","quantity":"1",{{Unit}}},{"id":"c","quantity":"2","currency":"USD",{{Unit}}}]}
            """);
        JsonElement[] results = [.. answer.GetProperty("results").EnumerateArray()];
        Assert.Equal("1.00", results[0].Text("amount"));
        Assert.StartsWith("must be an object", results[1].Text("problem"), StringComparison.Ordinal);
        Assert.Equal("id: is required", results[2].Text("problem"));
        Assert.Equal("id: must be a string", results[3].Text("problem"));
        Assert.Equal("""{"id":"b","problem":"currency: is not a currency of ISO 4217"}""", results[4].ToString());
        Assert.Equal("2.00", results[5].Text("amount"));
        Assert.Equal(("1", "2026a"), (answer.Text("rules_version"), answer.Text("tzdb")));
    }

    [Theory]
    [InlineData("", "the body is not valid JSON")]
    [InlineData("[]", "the body must be an object with a list \"cases\"")]
    [InlineData("{}", "cases: is required")]
    [InlineData("{\"cases\":null}", "cases: must be a list")]
    [InlineData("{\"cases\":[],\"more\":1}", "the body must have \"cases\" once and nothing else")]
    [InlineData("{\"cases\":[],\"cases\":[]}", "the body must have \"cases\" once and nothing else")]
    [InlineData("{\"cases\":[{]}", "the body is not valid JSON")]
    [InlineData("{\"cases\":[]} x", "the body is not valid JSON")]
    [InlineData("{\"cases\":[]", "the body is not valid JSON")]
    public void A_body_without_cases_is_refused_whole(string body, string problem) =>
        Assert.StartsWith(problem, Calculate.Answer(body).ToString(), StringComparison.Ordinal);

    [Fact]
    public void A_thousand_cases_are_answered_and_one_more_is_refused()
    {
        string Body(int count) => "{\"cases\":[" + string.Join(",", Enumerable.Range(0, count).Select(i => $$"""{"id":"{{i}}","currency":"USD","quantity":"{{i}}",{{Unit}}}""")) + "]}";
        JsonElement[] results = [.. Calculate.Answer(Body(1000)).GetProperty("results").EnumerateArray()];
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => i.ToString(CultureInfo.InvariantCulture) + ".00"), results.Select(result => result.Text("amount")));
        Assert.Equal("cases: has 1001 entries; at most 1000 are allowed", Calculate.Answer(Body(1001)).ToString());
    }

    [Fact]
    public void Null_is_absent() => Assert.Equal("5.00", Calculate.Rate("""
        {"rounding":null,"quantity":"5","events":null,"cells":null,"already":null,"closing":null,"share":null,
         "component":{"model":"per_unit","unit":"1","conversion":null,"allowance":null,"discounts":null,"minimum":null,"maximum":null}}
        """).Text("amount"));

    [Fact]
    public void The_answer_is_the_same_bytes_in_every_culture()
    {
        const string Body = """{"share":"1/3","quantity":"-1234567.5","component":{"model":"graduated","tiers":[{"up_to":"10.5","flat":"2.25","unit":"0.001"},{"unit":"1"}],"minimum":"2"}}""";
        CultureInfo before = CultureInfo.CurrentCulture;
        string expected = Calculate.Rate(Body).ToString();
        try
        {
            foreach (string name in new[] { "de-DE", "ar-SA", "tr-TR", "fa-IR" })
            {
                // The host is invariant, so a culture is made that writes numbers with a comma, another minus and other digits.
                CultureInfo culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
                culture.NumberFormat = new NumberFormatInfo { NumberDecimalSeparator = ",", NumberGroupSeparator = ".", NegativeSign = "−" + name };
                CultureInfo.CurrentCulture = culture;
                Assert.Equal(expected, Calculate.Rate(Body).ToString());
            }
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
