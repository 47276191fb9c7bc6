using System.Globalization;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Tests.Harness;
using Metering.Contracts;
using Xunit;

namespace Metering.Aggregator.Engine.Tests.Meters;

/// <summary>What meters make of an event's data.</summary>
public class ReadingTests
{
    private static readonly MeterRevision s_sum = TestMeters.Of(Aggregation.Sum, 1, path: "$.duration_ms");

    [Theory]
    [InlineData("", "invalid event: null and missing value property")]
    [InlineData("null", "invalid event: null and missing value property")]
    [InlineData("{}", "invalid event: missing value property: \"$.duration_ms\"")]
    [InlineData("""{"duration_ms":null}""", "invalid event: value cannot be null")]
    [InlineData("""{"duration_ms":{"a":1}}""", "invalid event: value is an object or array: \"$.duration_ms\"")]
    [InlineData("""{"duration_ms":[1]}""", "invalid event: value is an object or array: \"$.duration_ms\"")]
    [InlineData("""{"duration_ms":true}""", "invalid event: value is not a number: \"$.duration_ms\"")]
    [InlineData("""{"duration_ms":""}""", "invalid event: value is not a number: \"$.duration_ms\"")]
    [InlineData("""{"duration_ms":"12ms"}""", "invalid event: value is not a number: \"$.duration_ms\"")]
    [InlineData("""{"duration_ms":"NaN"}""", "invalid event: value cannot be NaN")]
    [InlineData("""{"duration_ms":"nan"}""", "invalid event: value cannot be NaN")]
    [InlineData("""{"duration_ms":"Inf"}""", "invalid event: value cannot be infinity")]
    [InlineData("""{"duration_ms":"-Infinity"}""", "invalid event: value cannot be infinity")]
    [InlineData("""{"duration_ms":1e400}""", "invalid event: value is 10^15 or more: \"$.duration_ms\"")]
    [InlineData("""{"duration_ms":1000000000000000}""", "invalid event: value is 10^15 or more: \"$.duration_ms\"")]
    public void What_a_meter_cannot_use_is_named_kept_and_counted_by_the_meters_that_can(string data, string problem)
    {
        using TestPartition partition = new([s_sum, TestMeters.Of(Aggregation.Count, 2)]);
        Assert.Equal(new Counts(1, 1, 0, 0, 0), partition.Flush(new TestRecord { Data = data }));
        Assert.Equal(problem, Assert.Single(partition.Raw).Problem);
        Assert.Equal((2U, 1L), (Assert.Single(partition.Deltas).Meter, partition.Deltas[0].Count));
        Assert.Equal(problem, partition.Meters.FindProblem("acme", "llm", TestRecord.Utf8(data), TestRecord.Noon.Ticks));
    }

    [Theory]
    [InlineData("""{"duration_ms":1""", "invalid event: missing value property: \"$.duration_ms\"")]
    [InlineData("""{"duration_ms":"\ud800"}""", "invalid event: value is not a number: \"$.duration_ms\"")]
    public void What_ingest_should_have_refused_does_not_stop_the_partition(string data, string problem)
    {
        using TestPartition partition = new([s_sum, TestMeters.Of(Aggregation.Count, 2, groupBy: ["$.duration_ms"])]);
        TestRecord bad = new() { Data = data, IsUnchecked = true };
        Assert.Equal(new Counts(2, 1, 0, 1, 0), partition.Flush(bad, bad with { Subject = "conflict" }));
        Assert.Equal(problem, Assert.Single(partition.Raw).Problem);
        Assert.EndsWith($"\"data\":{data}}}", Assert.Single(partition.DeadLetters).Raw, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1", "1", false)]
    [InlineData("\"1\"", "1", false)]
    [InlineData("-1.5", "-1.5", false)]
    [InlineData("1e3", "1000", false)]
    [InlineData("\"1e3\"", "1000", false)]
    [InlineData("1E+3", "1000", false)]
    [InlineData("\"+5\"", "5", false)]
    [InlineData("\"\\u0035\"", "5", false)]
    [InlineData("0.30000000000000004", "0.3", true)]
    [InlineData("\"0.30000000000000004\"", "0.3", true)]
    [InlineData("1e-400", "0", true)]
    [InlineData("999999999999999.999999999999", "999999999999999.999999999999", false)]
    public void Numbers_are_read_the_same_from_numbers_and_texts(string value, string expected, bool rounded)
    {
        using TestPartition partition = new(TestMeters.OneOfEach);
        partition.Flush(TestRecord.Use("e", value));
        foreach (StoredDelta row in partition.Deltas.Where(row => (Aggregation)row.Meter is not (Aggregation.Count or Aggregation.UniqueCount)))
        {
            Assert.Equal(expected, new Quantity(((Aggregation)row.Meter).KeepsPoints() ? row.PointValue : row.Sum).ToString());
        }

        Assert.Equal((rounded, ""), (Assert.Single(partition.Raw).Rounded, partition.Raw[0].Problem));
    }

    [Theory]
    [InlineData("\"a\"", "\"a\"", 1)]
    [InlineData("\"a\"", "\"\\u0061\"", 1)]
    [InlineData("1", "\"1\"", 1)]
    [InlineData("true", "\"true\"", 1)]
    [InlineData("\"a\"", "\"A\"", 2)]
    [InlineData("1", "1.0", 2)]
    [InlineData("\"\"", "\" \"", 2)]
    public void Distinct_values_are_told_apart_by_their_text(string left, string right, int expected)
    {
        using TestPartition partition = new([TestMeters.Of(Aggregation.UniqueCount, 1)]);
        partition.Flush(TestRecord.Use("l", left), TestRecord.Use("r", right));
        Assert.Equal(expected, partition.Deltas.Count);
    }

    [Theory]
    [InlineData("\"GET\"", "GET")]
    [InlineData("\"\"", "")]
    [InlineData("200", "200")]
    [InlineData("2e2", "2e2")]
    [InlineData("true", "true")]
    [InlineData("false", "false")]
    [InlineData("null", "")]
    [InlineData("{\"a\":1}", "")]
    [InlineData("[1]", "")]
    [InlineData("\"\\u00e9\\\"\\n\\ud83d\\ude00\"", "é\"\n😀")]
    [InlineData("\"é\"", "é")]
    public void A_group_value_is_the_scalars_text_or_empty(string json, string expected)
    {
        using TestPartition partition = new([TestMeters.Of(Aggregation.Count, 1, groupBy: ["$.method", "$.missing"])]);
        partition.Flush(new TestRecord { Data = $$"""{"method":{{json}}}""" });
        Assert.Equal(expected + "\u241F", Assert.Single(partition.Deltas).Group);
    }

    [Fact]
    public void Groups_stand_in_the_order_of_their_names()
    {
        MeterDefinition definition = new(Aggregation.Count, "llm", null, null, new SortedDictionary<string, string>(StringComparer.Ordinal) { ["z"] = "$.a", ["a"] = "$.b" });
        using TestPartition partition = new([new MeterRevision(1, "acme", MeterDefinition.FromJson(definition.ToJson()))]);
        partition.Flush(new TestRecord { Data = """{"a":"last","b":"first"}""" });
        Assert.Equal("first\u241Flast", Assert.Single(partition.Deltas).Group);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(300)]
    public void A_meter_may_have_any_number_of_groups(int count)
    {
        using TestPartition partition = new([TestMeters.Of(Aggregation.Count, 1, groupBy: [.. Enumerable.Range(0, count).Select(i => $"$.g[{i}]")])]);
        partition.Flush(new TestRecord { Data = $$"""{"g":[{{string.Join(',', Enumerable.Range(0, count))}}]}""" });
        Assert.Equal(count, Assert.Single(partition.Deltas).Group.Split('\u241F').Length);
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    public void A_meter_counts_from_its_first_instant_on(long ticks, int expected)
    {
        using TestPartition partition = new([TestMeters.Of(Aggregation.Sum, 1, from: TestRecord.Noon)]);
        partition.Flush(TestRecord.Use("e", "1", TestRecord.Noon.AddTicks(ticks)), TestRecord.Use("bad", "\"x\"", TestRecord.Noon.AddTicks(ticks)));
        Assert.Equal(expected, partition.Deltas.Count);
        Assert.Equal(expected == 1, partition.Raw[1].Problem.Length > 0);
    }

    [Fact]
    public void Meters_over_one_type_read_it_in_one_pass_and_each_for_itself()
    {
        MeterRevision[] meters =
        [
            TestMeters.Of(Aggregation.Sum, 1, path: "$.tokens.in"), TestMeters.Of(Aggregation.Max, 2, path: "$.tokens.out", groupBy: ["$.model"]),
            TestMeters.Of(Aggregation.Sum, 3, path: "$.missing"), TestMeters.Of(Aggregation.Count, 4), TestMeters.Of(Aggregation.Sum, 5, type: "other", path: "$.tokens.in"),
        ];
        TestRecord record = new() { Data = """{"model":"m1","tokens":{"in":10,"out":"20"}}""" };
        using TestPartition partition = new(meters);
        partition.Flush(record);
        Assert.Equal([1U, 2U, 4U], partition.Deltas.Select(row => row.Meter));
        Assert.Equal(NaiveModel.Values([record], meters), Windows.Values(partition.Deltas, meters));
        Assert.Equal("invalid event: missing value property: \"$.missing\"", partition.Raw[0].Problem);
    }

    [Fact]
    public void Events_and_meters_of_two_tenants_do_not_meet()
    {
        MeterRevision[] meters = [TestMeters.Of(Aggregation.Sum, 1), TestMeters.Of(Aggregation.Sum, 2, tenant: "rival"), TestMeters.Of(Aggregation.Sum, 3, tenant: "acmel", type: "lm")];
        using TestPartition partition = new(meters);
        partition.Flush(TestRecord.Use("e", "1"), TestRecord.Use("e", "5") with { Tenant = "rival" }, TestRecord.Use("f", "\"x\"") with { Tenant = "third" });
        Assert.Equal(["acme 1 1", "rival 2 5"], partition.Deltas.Select(row => $"{row.Tenant} {row.Meter} {new Quantity(row.Sum)}"));
        Assert.All(partition.Raw, row => Assert.Equal("", row.Problem));
    }

    [Theory]
    [InlineData("SUM", Aggregation.Sum)]
    [InlineData("COUNT", Aggregation.Count)]
    [InlineData("AVG", Aggregation.Avg)]
    [InlineData("MIN", Aggregation.Min)]
    [InlineData("MAX", Aggregation.Max)]
    [InlineData("LATEST", Aggregation.Latest)]
    [InlineData("UNIQUE_COUNT", Aggregation.UniqueCount)]
    public void Aggregations_have_names(string name, Aggregation aggregation)
    {
        Assert.Equal(name, aggregation.ToName());
        Assert.True(AggregationName.TryParse(name, out Aggregation parsed));
        Assert.Equal(aggregation, parsed);
        Assert.False(AggregationName.TryParse(name.ToLower(CultureInfo.InvariantCulture), out _));
    }
}
