using System.Text.Json.Nodes;
using Metering.Billing.Calculator;
using Metering.Billing.Zones;
using Xunit;

namespace Metering.Billing.Tests.Calculator;

public class ProrateCalculatorTests
{
    [Fact]
    public void The_answer_has_the_shape_of_the_reference() =>
        Assert.Equal(
            TimeCalculators.Compact("""
                {"id":"2","net":"50.00","direction":"upgrade","elapsed_unit":"day","full":"30","lines":[
                  {"charge":"old","kind":"credit","amount":"-50.00","exact":"-50","service":["2026-01-16T00:00:00Z","2026-01-31T00:00:00Z"],"fraction":"1/2","capped":false},
                  {"charge":"new","kind":"charge","amount":"100.00","exact":"100","service":["2026-01-16T00:00:00Z","2026-01-31T00:00:00Z"],"fraction":"1/2","capped":false}]}
                """),
            TimeCalculators.OneProrate("""
                {"id":"2","currency":"USD","zone":"UTC","unit":"day","period":["2026-01-01","2026-01-31"],
                 "charges":[{"id":"old","amount":"100","timing":"advance","from":null,"to":"2026-01-16","billed":"100","credited":"0"},{"id":"new","amount":"200","from":"2026-01-16"}]}
                """));

    /// <summary>USD, days, UTC, the 30 days from 1 to 31 January. A line: charge kind amount exact fraction, with an asterisk when capped.</summary>
    [Theory]
    // 100 · 10/30 = 33.33…, 100 · 20/30 = 66.66…: Earned(10) = 33.33, Earned(20) = 66.67, Earned(30) = 100
    [InlineData("""[{"id":"a","amount":"100","to":"2026-01-11"},{"id":"b","amount":"100","from":"2026-01-11","to":"2026-01-21"},{"id":"c","amount":"100","from":"2026-01-21"}]""", "a charge 33.33 100/3 1/3, b charge 33.34 100/3 1/3, c charge 33.33 100/3 1/3", "100.00", "upgrade")]
    // a credit is what remains: 100 − Earned(10) = 66.67
    [InlineData("""[{"id":"a","amount":"100","to":"2026-01-11","billed":"100"}]""", "a credit -66.67 -200/3 2/3", "-66.67", "downgrade")]
    // never more than was billed and not yet given back: 90 − 30 = 60 < 66.67
    [InlineData("""[{"id":"a","amount":"100","to":"2026-01-11","billed":"90","credited":"30"}]""", "a credit -60.00 -60 2/3*", "-60.00", "downgrade")]
    // exactly what is left is no cap
    [InlineData("""[{"id":"a","amount":"100","to":"2026-01-11","billed":"66.67"}]""", "a credit -66.67 -200/3 2/3", "-66.67", "downgrade")]
    // nothing is left: no line
    [InlineData("""[{"id":"a","amount":"100","to":"2026-01-11","billed":"100","credited":"100"}]""", "", "0.00", "downgrade")]
    [InlineData("""[{"id":"a","amount":"100","to":"2026-01-11","billed":"0"}]""", "", "0.00", "downgrade")]
    [InlineData("""[{"id":"a","amount":"100","to":"2026-01-11","billed":"50","credited":"70"}]""", "", "0.00", "downgrade")]
    // a negative charge that ends gives nothing back, a negative one that begins is a discount
    [InlineData("""[{"id":"a","amount":"-10","to":"2026-01-16","billed":"-10"},{"id":"b","amount":"-10","from":"2026-01-16"}]""", "b charge -5.00 -5 1/2", "-5.00", "lateral")]
    // arrears as advance; once in full; usage never
    [InlineData("""[{"id":"a","amount":"100","timing":"arrears","to":"2026-01-16"},{"id":"b","amount":"7.5","timing":"once","from":"2026-01-16"},{"id":"c","amount":"9","timing":"usage","from":"2026-01-16"}]""", "a charge 50.00 50 1/2, b charge 7.50 7.5 1", "57.50", "upgrade")]
    [InlineData("""[{"id":"a","amount":"100","timing":"once","billed":"100","to":"2026-01-16"}]""", "", "0.00", "lateral")]
    // outside the period there is no part; the period's own end and start are where charges stop
    [InlineData("""[{"id":"a","amount":"100","from":"2025-12-01","to":"2026-03-01"}]""", "a charge 100.00 100 1", "100.00", "upgrade")]
    [InlineData("""[{"id":"a","amount":"100","from":"2026-02-05"},{"id":"b","amount":"100","to":"2025-12-05"},{"id":"c","amount":"100","from":"2026-01-05","to":"2026-01-05"}]""", "", "0.00", "upgrade")]
    [InlineData("""[{"id":"a","amount":"100","timing":"once","from":"2026-02-05"}]""", "", "0.00", "lateral")]
    [InlineData("""[{"id":"a","amount":"100","to":"2026-01-31","billed":"100"}]""", "", "0.00", "downgrade")]
    [InlineData("""[{"id":"a","amount":"100","to":"2025-12-31","billed":"100"}]""", "a credit -100.00 -100 1", "-100.00", "downgrade")]
    // within one date there is no day: the date of the change belongs to what is new
    [InlineData("""[{"id":"a","amount":"100","from":"2026-01-11T08:00","to":"2026-01-11T20:00"},{"id":"b","amount":"100","from":"2026-01-11T20:00"}]""", "a charge 0.00 0 0, b charge 66.67 200/3 2/3", "66.67", "upgrade")]
    // three decimals of a price: 0.005 · 1/2 = 0.0025
    [InlineData("""[{"id":"a","amount":"0.005","from":"2026-01-16"}]""", "a charge 0.01 0.0025 1/2", "0.01", "upgrade")] // Earned(30) = 0.01, Earned(15) = 0.00
    [InlineData("""[{"id":"a","amount":"10","to":"2026-01-16","billed":"10"},{"id":"b","amount":"10","from":"2026-01-16"}]""", "a credit -5.00 -5 1/2, b charge 5.00 5 1/2", "0.00", "lateral")]
    [InlineData("""[{"id":"a","amount":"10","to":"2026-01-16","billed":"10"},{"id":"b","amount":"9.99","from":"2026-01-16"}]""", "a credit -5.00 -5 1/2, b charge 4.99 4.995 1/2", "-0.01", "downgrade")] // 9.99 − round(4.995) = 9.99 − 5.00
    [InlineData("[]", "", "0.00", "lateral")]
    public void Lines_are_the_parts_of_their_charges(string charges, string lines, string net, string direction) =>
        Assert.Equal((lines, net, direction), LinesOf($$"""{"id":"1","currency":"USD","period":["2026-01-01","2026-01-31"],"charges":{{charges}}}"""));

    [Theory]
    // 29 March 2026 has 23 hours in Berlin, 11 of them to noon
    [InlineData("second", "\"2026-03-29\",\"2026-03-30\"", "\"to\":\"2026-03-29T12:00\"", "a charge 47.83 1100/23 11/23", "82800")]
    // 25 October has 25: to noon 13
    [InlineData("second", "\"2026-10-25\",\"2026-10-26\"", "\"to\":\"2026-10-25T12:00\"", "a charge 52.00 52 13/25", "90000")]
    [InlineData("day", "\"2026-03-01\",\"2026-04-01\"", "\"from\":\"2026-03-29\"", "a charge 9.68 300/31 3/31", "31")]
    [InlineData("day", "\"2024-02-01\",\"2024-03-01\"", "\"from\":\"2024-02-29\"", "a charge 3.45 100/29 1/29", "29")]
    [InlineData("none", "\"2026-03-01\",\"2026-04-01\"", "\"from\":\"2026-03-29\"", "a charge 100.00 100 1", "1")]
    [InlineData("none", "\"2026-03-01\",\"2026-04-01\"", "\"to\":\"2026-03-29\",\"billed\":\"100\"", "a credit -100.00 -100 1", "1")]
    [InlineData("none", "\"2026-03-01\",\"2026-04-01\"", "\"to\":\"2026-03-29\",\"billed\":\"70\"", "a credit -70.00 -70 1*", "1")]
    [InlineData("none", "\"2026-03-01\",\"2026-04-01\"", "\"from\":\"2026-04-01\"", "", "1")]
    // too short for its unit
    [InlineData("day", "\"2026-03-01T08:00\",\"2026-03-01T20:00\"", "\"from\":\"2026-03-01T09:00\"", "a charge 0.00 0 0", "0")]
    [InlineData("second", "\"2026-03-01\",\"2026-03-01\"", "\"from\":\"2026-03-01\"", "", "0")]
    public void Time_is_counted_in_the_unit(string unit, string period, string part, string lines, string full)
    {
        string one = $$"""{"id":"1","currency":"EUR","zone":"Europe/Berlin","unit":"{{unit}}","period":[{{period}}],"charges":[{"id":"a","amount":"100",{{part}}}]}""";
        Assert.Equal(lines, LinesOf(one).Lines);
        Assert.Equal(full, JsonNode.Parse(TimeCalculators.OneProrate(one))!["full"]!.ToString());
        Assert.Equal(unit, JsonNode.Parse(TimeCalculators.OneProrate(one))!["elapsed_unit"]!.ToString());
    }

    [Theory]
    [InlineData("JPY", "50", "a charge 50 50 1/2")]
    [InlineData("JPY", "33", "a charge 33 33 1/2")]
    [InlineData("KWD", "33.3335", "a charge 33.333 33.3335 1/2")] // 66.667 − round(33.3335) = 66.667 − 33.334
    public void Amounts_have_the_decimals_of_their_currency(string currency, string half, string line)
    {
        string amount = (Fraction.Parse(half) * 2).ToString();
        Assert.Equal(line, LinesOf($$"""{"id":"1","currency":"{{currency}}","period":["2026-01-01","2026-01-31"],"charges":[{"id":"a","amount":"{{amount}}","from":"2026-01-16"}]}""").Lines);
    }

    [Theory]
    [InlineData("""{"id":"1"}""", "currency: is required; period: is required; charges: is required")]
    [InlineData("""{"id":"1","currency":"USX","period":["2026-01-01","2026-01-31"],"charges":[]}""", "currency: 'USX' is not a currency of ISO 4217")]
    [InlineData("""{"id":"1","currency":"USD","period":["2026-01-01"],"charges":[]}""", "period: must be a list of its start and its end, and each " + InstantText.Expected)]
    [InlineData("""{"id":"1","currency":"USD","period":["2026-01-01","then"],"charges":[]}""", "period: must be a list of its start and its end, and each " + InstantText.Expected)]
    [InlineData("""{"id":"1","currency":"USD","period":["2026-01-31","2026-01-01"],"charges":[]}""", "period: must not end before it begins")]
    [InlineData("""{"id":"1","currency":"USD","unit":"hour","period":["2026-01-01","2026-01-31"],"charges":[]}""", "unit: must be one of day, second, none")]
    [InlineData("""{"id":"1","currency":"USD","zone":"Mars","period":["2026-01-01","2026-01-31"],"charges":[]}""", "zone: 'Mars' is not an IANA time zone such as Europe/Berlin")]
    [InlineData("""{"id":"1","currency":"USD","period":["2026-01-01","2026-01-31"],"charges":[{"id":"a","amount":100}]}""", "charges[0].amount: must be a string, so that no reader turns it into a binary number")]
    [InlineData("""{"id":"1","currency":"USD","period":["2026-01-01","2026-01-31"],"charges":[{"id":"a","amount":"1e3"}]}""", "charges[0].amount: must be a plain number with at most 12 decimals")]
    [InlineData("""{"id":"1","currency":"USD","period":["2026-01-01","2026-01-31"],"charges":[{"id":"a","amount":"1"},{"amount":"1","timing":"later"}]}""", "charges[1].id: is required; charges[1].timing: must be one of advance, arrears, once, usage")]
    [InlineData("""{"id":"1","currency":"USD","period":["2026-01-01","2026-01-31"],"charges":[{"id":"a","amount":"1","from":"2026-01-20","to":"2026-01-10"}]}""", "charges[0].to: must not be before from")]
    [InlineData("""{"id":"1","currency":"USD","period":["2026-01-01","2026-01-31"],"charges":[{"id":"a","amount":"1","billed":"1.001"}]}""", "charges[0].billed: must be an amount of USD, which has 2 decimals")]
    [InlineData("""{"id":"1","currency":"USD","period":["2026-01-01","2026-01-31"],"charges":[{"id":"a","amount":"1","billed":"1","credited":"-1"}]}""", "charges[0].credited: must not be below zero")]
    [InlineData("""{"id":"1","currency":"USD","period":["2026-01-01","2026-01-31"],"charges":[{"id":"a","amount":"1","share":"1"}]}""", "charges[0].share: is not a field here")]
    [InlineData("""{"id":"1","currency":"USD","period":["2026-01-01","2026-01-31"],"charges":{}}""", "charges: must be a list")]
    [InlineData("""{"id":"1","currency":"USD","period":["2026-01-01","2026-01-31"],"charges":[{"id":"a","amount":"99999999999999999999"}]}""", "the result is beyond what an amount can hold")]
    [InlineData("""{"id":"1","currency":"USD","zone":"Asia/Tokyo","period":["0001-01-01","2026-01-31"],"charges":[]}""", "a time is outside the years 1 to 9999")]
    public void A_case_that_means_nothing_gets_its_problem(string one, string problem) =>
        Assert.Equal(problem, TimeCalculators.ProblemOf(TimeCalculators.OneProrate(one)));

    [Fact]
    public void A_bad_case_harms_no_neighbour()
    {
        const string Good = """{"id":"good","currency":"USD","period":["2026-01-01","2026-01-31"],"charges":[{"id":"a","amount":"1"}]}""";
        JsonArray results = JsonNode.Parse(TimeCalculators.Prorate($$"""{"cases":[{{Good}},{"id":"bad","charges":7},{{Good}}]}"""))!["results"]!.AsArray();
        Assert.Equal(["good", "bad", "good"], results.Select(result => result!["id"]!.ToString()));
        Assert.Equal(results[0]!.ToJsonString(), results[2]!.ToJsonString());
        Assert.NotNull(results[1]!["problem"]);
    }

    private static (string Lines, string Net, string Direction) LinesOf(string one)
    {
        JsonNode result = JsonNode.Parse(TimeCalculators.OneProrate(one))!;
        Assert.True(result["problem"] is null, result.ToJsonString());
        IEnumerable<string> lines = result["lines"]!.AsArray().Select(line =>
            $"{line!["charge"]} {line["kind"]} {line["amount"]} {line["exact"]} {line["fraction"]}{(line["capped"]!.GetValue<bool>() ? "*" : "")}");
        return (string.Join(", ", lines), result["net"]!.ToString(), result["direction"]!.ToString());
    }
}
