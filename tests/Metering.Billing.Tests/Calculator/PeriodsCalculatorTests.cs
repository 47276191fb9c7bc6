using System.Text.Json.Nodes;
using Metering.Billing.Calculator;
using Metering.Billing.Zones;
using Xunit;

namespace Metering.Billing.Tests.Calculator;

public class PeriodsCalculatorTests
{
    private const string Monthly = """{"id":"1","interval":{"unit":"month","count":1},"anchor":{"at":"2024-01-31"},"start":"2024-01-31",""";

    [Fact]
    public void The_answer_has_the_shape_of_the_reference() =>
        Assert.Equal(
            TimeCalculators.Compact("""
                {"id":"3","periods":[
                  {"k":0,"full":["2024-01-30T18:30:00Z","2024-02-28T18:30:00Z"],"local":["2024-01-31T00:00","2024-02-29T00:00"],
                   "service":["2024-02-15T18:30:00Z","2024-02-28T18:30:00Z"],"days":{"service":13,"full":29},"fraction":"13/29"},
                  {"k":1,"full":["2024-02-28T18:30:00Z","2024-03-30T18:30:00Z"],"local":["2024-02-29T00:00","2024-03-31T00:00"],
                   "service":["2024-02-28T18:30:00Z","2024-03-30T18:30:00Z"],"days":{"service":31,"full":31},"fraction":"1"}]}
                """),
            TimeCalculators.OnePeriods("""
                {"id":"3","zone":"Asia/Kolkata","interval":{"unit":"month","count":1},"anchor":{"at":"2024-01-31","day":31},
                 "start":"2024-02-16","end":null,"from":"2024-02-16","count":2,"until":null}
                """));

    [Fact]
    public void The_envelope_names_the_rules_and_the_release_of_the_zones()
    {
        JsonNode answer = JsonNode.Parse(TimeCalculators.Periods($$"""{"cases":[{{Monthly}}"count":1}]}"""))!;
        Assert.Equal(RulesVersion.Current, answer["rules_version"]!.GetValue<string>());
        Assert.Equal(TzdbZones.Instance.TzdbVersion, answer["tzdb"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("""{"id":"1","interval":{"unit":"month","count":1},"anchor":{"at":"2024-06-15"},"start":"2024-06-15","from":"2024-03-20","count":1}""", "0 2024-06-15 30/30")] // before the start there is no service
    [InlineData("""{"id":"1","interval":{"unit":"month","count":1},"anchor":{"at":"2024-06-15"},"start":"2024-01-01","from":"2024-03-20","count":2}""", "-3 2024-03-15 31/31, -2 2024-04-15 30/30")]
    [InlineData("""{"id":"1","interval":{"unit":"month","count":1},"anchor":{"at":"2024-06-15"},"start":"2024-01-01","count":1}""", "-6 2023-12-15 14/31")]
    [InlineData("""{"id":"1","interval":{"unit":"month","count":1},"anchor":{"at":"2024-06-15"},"start":"2024-06-15","until":"2024-08-15"}""", "0 2024-06-15 30/30, 1 2024-07-15 31/31")] // the third begins at until
    [InlineData("""{"id":"1","interval":{"unit":"month","count":1},"anchor":{"at":"2024-06-15"},"start":"2024-06-15","until":"2024-08-15T00:00:01"}""", "0 2024-06-15 30/30, 1 2024-07-15 31/31, 2 2024-08-15 31/31")]
    [InlineData("""{"id":"1","interval":{"unit":"month","count":1},"anchor":{"at":"2024-06-15"},"start":"2024-06-15","end":"2024-08-15","count":9}""", "0 2024-06-15 30/30, 1 2024-07-15 31/31")] // or at the end
    [InlineData("""{"id":"1","interval":{"unit":"month","count":1},"anchor":{"at":"2024-06-15"},"start":"2024-06-15","end":"2024-07-31","count":9}""", "0 2024-06-15 30/30, 1 2024-07-15 16/31")]
    [InlineData("""{"id":"1","interval":{"unit":"month","count":1},"anchor":{"at":"2024-06-15"},"start":"2024-06-15","until":"2024-09-01","count":1}""", "0 2024-06-15 30/30")]
    [InlineData("""{"id":"1","interval":{"unit":"month","count":1},"anchor":{"at":"2024-06-15"},"start":"2024-06-15","until":"2024-06-01"}""", "")]
    [InlineData("""{"id":"1","interval":{"unit":"month","count":1},"anchor":{"at":"2024-06-15","day":31},"start":"2024-06-15","count":2}""", "-1 2024-05-31 15/30, 0 2024-06-30 31/31")]
    [InlineData("""{"id":"1","interval":{"unit":"month","count":1},"anchor":{"at":"2024-06-15","day":1},"start":"2024-06-15","count":1}""", "0 2024-06-01 16/30")]
    [InlineData("""{"id":"1","interval":{"unit":"week","count":2},"anchor":{"at":"2024-06-15","day":1},"start":"2024-06-15","count":2}""", "0 2024-06-15 14/14, 1 2024-06-29 14/14")]
    [InlineData("""{"id":"1","interval":{"unit":"week","count":1},"anchor":{"calendar":true},"start":"2024-06-15","count":2}""", "0 2024-06-10 2/7, 1 2024-06-17 7/7")] // Monday the 10th
    [InlineData("""{"id":"1","interval":{"unit":"quarter","count":1},"anchor":{"calendar":true},"start":"2024-02-10","from":"2024-05-20","count":2}""", "0 2024-04-01 91/91, 1 2024-07-01 92/92")]
    [InlineData("""{"id":"1","interval":{"unit":"half_year","count":1},"anchor":{"calendar":true},"start":"2024-08-15","count":1}""", "0 2024-07-01 139/184")] // 17 + 30 + 31 + 30 + 31
    [InlineData("""{"id":"1","interval":{"unit":"year","count":1},"anchor":{"at":"2024-02-29"},"start":"2024-02-29","from":"2027-06-01","count":2}""", "3 2027-02-28 366/366, 4 2028-02-29 365/365")]
    [InlineData("""{"id":"1","interval":{"unit":"day"},"anchor":{"at":"2024-02-28"},"start":"2024-02-28","count":3}""", "0 2024-02-28 1/1, 1 2024-02-29 1/1, 2 2024-03-01 1/1")]
    [InlineData("""{"id":"1","zone":"Pacific/Apia","interval":{"unit":"day"},"anchor":{"at":"2011-12-29"},"start":"2011-12-29","count":3}""", "0 2011-12-29 2/2, 1 2011-12-31 0/0, 2 2011-12-31 1/1")]
    [InlineData("""{"id":"1","zone":"Pacific/Apia","interval":{"unit":"month"},"anchor":{"at":"2011-12-01"},"start":"2011-12-01","count":1}""", "0 2011-12-01 31/31")]
    public void Rows_are_the_periods_asked_for(string one, string rows) =>
        Assert.Equal(
            rows,
            string.Join(", ", JsonNode.Parse(TimeCalculators.OnePeriods(one))!["periods"]!.AsArray().Select(row => $"{row!["k"]} {row["local"]![0]!.ToString()[..10]} {row["days"]!["service"]}/{row["days"]!["full"]}")));

    [Theory]
    [InlineData("2024-02-10", "2024-02-10T00:00", "2024-02-09T23:00:00Z")]
    [InlineData("2024-02-10T09:30", "2024-02-10T09:30", "2024-02-10T08:30:00Z")]
    [InlineData("2024-02-10T09:30:15", "2024-02-10T09:30:15", "2024-02-10T08:30:15Z")]
    [InlineData("2024-02-10T09:30:15.000", "2024-02-10T09:30:15", "2024-02-10T08:30:15Z")]
    [InlineData("2024-02-10T09:30:00Z", "2024-02-10T10:30", "2024-02-10T09:30:00Z")]
    [InlineData("2024-02-10T09:30Z", "2024-02-10T10:30", "2024-02-10T09:30:00Z")]
    public void A_date_is_local_unless_it_says_Z(string at, string local, string instant)
    {
        JsonNode row = JsonNode.Parse(TimeCalculators.OnePeriods(
            $$"""{"id":"1","zone":"Europe/Berlin","interval":{"unit":"month","count":1},"anchor":{"at":"{{at}}"},"start":"{{at}}","count":1}"""))!["periods"]![0]!;
        Assert.Equal(local, row["local"]![0]!.ToString());
        Assert.Equal(instant, row["full"]![0]!.ToString());
        Assert.Equal(instant, row["service"]![0]!.ToString());
    }

    [Fact]
    public void A_day_of_23_hours_is_a_day()
    {
        JsonNode row = JsonNode.Parse(TimeCalculators.OnePeriods(
            """{"id":"1","zone":"Europe/Berlin","interval":{"unit":"day","count":1},"anchor":{"at":"2026-03-29"},"start":"2026-03-29","count":1}"""))!["periods"]![0]!;
        Assert.Equal("""["2026-03-28T23:00:00Z","2026-03-29T22:00:00Z"]""", row["full"]!.ToJsonString());
        Assert.Equal("1", row["fraction"]!.ToString());
    }

    [Theory]
    [InlineData("""{"id":"1"}""", "start: is required; interval: is required; anchor: is required; count: is required, unless until is given")]
    [InlineData("""{"interval":{"unit":"month"},"anchor":{"at":"2024-01-31"},"start":"2024-01-31","count":1}""", "id: is required")]
    [InlineData(Monthly + """ "until":null}""", "count: is required, unless until is given")]
    [InlineData(Monthly + """ "count":"1"}""", "count: must be a JSON integer from 1 to 1000")]
    [InlineData(Monthly + """ "count":1001}""", "count: must be a JSON integer from 1 to 1000")]
    [InlineData(Monthly + """ "count":0}""", "count: must be a JSON integer from 1 to 1000")]
    [InlineData(Monthly + """ "count":1.5}""", "count: must be a JSON integer from 1 to 1000")]
    [InlineData(Monthly + """ "until":"2124-01-31"}""", "until: gives more than 1000 periods")]
    [InlineData(Monthly + """ "count":1,"end":"2024-01-30"}""", "end: must not be before start")]
    [InlineData(Monthly + """ "count":1,"zone":"Europe/Berlim"}""", "zone: 'Europe/Berlim' is not an IANA time zone such as Europe/Berlin")]
    [InlineData(Monthly + """ "count":1,"until":"2024-13-01"}""", "until: " + InstantText.Expected)]
    [InlineData(Monthly + """ "count":1,"until":"2024-02-30"}""", "until: " + InstantText.Expected)]
    [InlineData(Monthly + """ "count":1,"until":"2024-02-10T00:00:00+01:00"}""", "until: " + InstantText.Expected)]
    [InlineData(Monthly + """ "count":1,"until":"2024-02-10T00:00:00.5Z"}""", "until: " + InstantText.Expected)]
    [InlineData(Monthly + """ "count":1,"until":"2024-02-10Z"}""", "until: " + InstantText.Expected)]
    [InlineData(Monthly + """ "count":1,"until":20240210}""", "until: must be a string")]
    [InlineData(Monthly + """ "count":1,"form":"2024-02-10"}""", "form: is not a field here")]
    [InlineData(Monthly + """ "count":1,"count":2}""", "count: is given twice")]
    [InlineData("""{"id":"1","interval":{"unit":"fortnight"},"anchor":{"at":"2024-01-31"},"start":"2024-01-31","count":1}""", "interval.unit: must be one of day, week, month, quarter, half_year, year")]
    [InlineData("""{"id":"1","interval":{"count":2},"anchor":{"at":"2024-01-31"},"start":"2024-01-31","count":1}""", "interval.unit: is required")]
    [InlineData("""{"id":"1","interval":{"unit":"day","count":0},"anchor":{"at":"2024-01-31"},"start":"2024-01-31","count":1}""", "interval.count: must be a JSON integer from 1 to 10000")]
    [InlineData("""{"id":"1","interval":{"unit":"day"},"anchor":{"at":"2024-01-31","day":32},"start":"2024-01-31","count":1}""", "anchor.day: must be a JSON integer from 1 to 31")]
    [InlineData("""{"id":"1","interval":{"unit":"day"},"anchor":{"day":3},"start":"2024-01-31","count":1}""", "anchor.at: is required, unless calendar is true")]
    [InlineData("""{"id":"1","interval":{"unit":"day"},"anchor":{"calendar":true,"at":"2024-01-31"},"start":"2024-01-31","count":1}""", "anchor.calendar: takes neither at nor day beside it")]
    [InlineData("""{"id":"1","interval":{"unit":"day","count":2},"anchor":{"calendar":true},"start":"2024-01-31","count":1}""", "interval.count: must be 1 with a calendar anchor")]
    [InlineData("""{"id":"1","interval":{"unit":"year","count":5000},"anchor":{"at":"2024-01-31"},"start":"2024-01-31","count":3}""", "a period reaches outside the years 1 to 9999")]
    [InlineData("""{"id":"1","zone":"Asia/Tokyo","interval":{"unit":"year"},"anchor":{"at":"0001-01-01"},"start":"0001-01-01","count":3}""", "a period reaches outside the years 1 to 9999")]
    [InlineData("17", "must be an object; id: is required; start: is required; interval: is required; anchor: is required; count: is required, unless until is given")]
    public void A_case_that_means_nothing_gets_its_problem(string one, string problem) =>
        Assert.Equal(problem, TimeCalculators.ProblemOf(TimeCalculators.OnePeriods(one)));

    [Fact]
    public void A_thousand_rows_of_a_year_each_are_answered() =>
        Assert.Equal(1000, JsonNode.Parse(TimeCalculators.OnePeriods(
            """{"id":"1","zone":"Europe/Berlin","interval":{"unit":"year","count":7},"anchor":{"at":"2024-01-31"},"start":"2024-01-31","count":1000}"""))!["periods"]!.AsArray().Count);

    [Fact]
    public void A_bad_case_harms_no_neighbour()
    {
        JsonArray results = JsonNode.Parse(TimeCalculators.Periods($$"""{"cases":[{{Monthly}}"count":1},{"id":"bad"},{{Monthly}}"count":1}]}"""))!["results"]!.AsArray();
        Assert.Equal(["1", "bad", "1"], results.Select(result => result!["id"]!.ToString()));
        Assert.Equal(results[0]!.ToJsonString(), results[2]!.ToJsonString());
        Assert.NotNull(results[1]!["problem"]);
    }
}
