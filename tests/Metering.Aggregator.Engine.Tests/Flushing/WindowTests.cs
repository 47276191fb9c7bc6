using System.Globalization;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Tests.Harness;
using Xunit;

namespace Metering.Aggregator.Engine.Tests.Flushing;

/// <summary>Windows are half-open minutes of event time, quantities exact.</summary>
public class WindowTests
{
    private static readonly MeterRevision s_sum = TestMeters.Of(Aggregation.Sum, 1);

    [Theory]
    [InlineData("2026-03-01T12:00:00.0000000", "2026-03-01T12:00:00")]
    [InlineData("2026-03-01T11:59:59.9999999", "2026-03-01T11:59:00")]
    [InlineData("2026-03-01T12:00:59.9999999", "2026-03-01T12:00:00")]
    [InlineData("2026-03-01T12:01:00.0000000", "2026-03-01T12:01:00")]
    [InlineData("2024-02-29T23:59:59.9999999", "2024-02-29T23:59:00")]
    [InlineData("2024-03-01T00:00:00.0000000", "2024-03-01T00:00:00")]
    [InlineData("2000-01-01T00:00:00.0000000", "2000-01-01T00:00:00")]
    [InlineData("2105-12-31T23:59:59.9999999", "2105-12-31T23:59:00")]
    public void An_instant_lies_in_the_minute_that_begins_it(string time, string minute)
    {
        using TestPartition partition = new([s_sum]);
        partition.Flush(TestRecord.Use("e", "1", DateTime.Parse(time, CultureInfo.InvariantCulture)));
        Assert.Equal($"acme/1/c1/{minute}/", Assert.Single(Windows.Values(partition.Deltas, [s_sum])).Key);
        Assert.Equal(DateTime.Parse(time, CultureInfo.InvariantCulture).Ticks, Assert.Single(partition.Raw).TimeTicks);
    }

    /// <summary>The column minute ends in 2106: a later time in the log is set aside, and does not stop the partition.</summary>
    [Theory]
    [InlineData("1999-12-31T23:59:59.9999999")]
    [InlineData("2106-01-01T00:00:00.0000000")]
    [InlineData("2150-01-01T00:00:00.0000000")]
    [InlineData("9999-12-31T23:59:59.9999999")]
    public void A_time_that_no_window_can_hold_is_a_dead_letter(string time)
    {
        using TestPartition partition = new([s_sum]);
        Assert.Equal(new Counts(2, 1, 0, 1, 0), partition.Flush(TestRecord.Use("bad", "1", DateTime.Parse(time, CultureInfo.InvariantCulture)), TestRecord.Use("good", "1")));
        Assert.Equal(("undecodable_record", "usage record with an impossible time"), (partition.DeadLetters[0].Code, partition.DeadLetters[0].Message));
    }

    [Theory]
    [InlineData("0.3", "0.1", "0.2")]
    [InlineData("0.3", "0.30000000000000004")]
    [InlineData("1000", "1e3")]
    [InlineData("1000", "\"1e3\"")]
    [InlineData("0", "1", "-1")]
    [InlineData("-0.000000000001", "-0.000000000001")]
    [InlineData("1999999999999999.999999999998", "999999999999999.999999999999", "\"999999999999999.999999999999\"")]
    [InlineData("-999999999999999.999999999999", "-999999999999999.999999999999")]
    [InlineData("100000000000000", "33333333333333.333333333333", "33333333333333.333333333333", "33333333333333.333333333334")]
    [InlineData("0.000000000002", "0.0000000000005", "0.0000000000015")]
    public void Sums_are_exact(string expected, params string[] values)
    {
        using TestPartition partition = new([s_sum]);
        partition.Flush(values.Select((value, i) => TestRecord.Use($"e{i}", value)));
        StoredDelta row = Assert.Single(partition.Deltas);
        Assert.Equal(expected, new Contracts.Quantity(row.Sum).ToString());
        Assert.Equal(values.Length, row.Count);
    }

    [Theory]
    [InlineData("999999999999999.9999999999995")]
    [InlineData("1e15")]
    [InlineData("-1e15")]
    [InlineData("1e26")]
    [InlineData("1e400")]
    [InlineData("\"1e400\"")]
    public void A_value_of_ten_to_the_fifteen_is_kept_and_named_but_not_counted(string value)
    {
        using TestPartition partition = new([s_sum, TestMeters.Of(Aggregation.Count, 2)]);
        Assert.Equal(new Counts(1, 1, 0, 0, 0), partition.Flush(TestRecord.Use("e", value)));
        Assert.Equal("invalid event: value is 10^15 or more: \"$.v\"", Assert.Single(partition.Raw).Problem);
        Assert.Equal(2U, Assert.Single(partition.Deltas).Meter);
    }

    [Fact]
    public void A_delta_row_names_its_flush()
    {
        using TestPartition partition = new([s_sum], partition: 3, partitionCount: 4);
        TestRecord record = Enumerable.Range(0, 100).Select(i => TestRecord.Use($"e{i}", "1")).First(one => one.Identity.Partition(4) == 3);
        List<Logged> logged = partition.Append(TestRecord.Tick, record, TestRecord.Tick);
        using Flush flush = partition.Build(logged);
        partition.Confirm(flush);
        StoredDelta row = Assert.Single(partition.Deltas);
        Assert.Equal((3, logged[0].Offset, logged[2].Offset, (uint)(logged[2].AtMs / 1000)), (row.Part, row.Lo, row.Hi, row.At));
        Assert.Equal((logged[0].Offset, logged[2].Offset, logged[2].AtMs), (flush.Lo, flush.Hi, flush.AtMs));
        Assert.False(flush.IsOnlyTicks);
    }

    [Fact]
    public void A_flush_of_ticks_has_no_rows()
    {
        using TestPartition partition = new([s_sum]);
        using Flush flush = partition.Build(partition.Append(TestRecord.Tick, TestRecord.Tick));
        Assert.True(flush.IsOnlyTicks);
        Assert.Equal(0, flush.Raw.Length + flush.Deltas.Length + flush.DeadLetters.Length);
    }

    [Fact]
    public void Usage_older_than_the_horizon_is_counted_and_marked_as_history()
    {
        using TestPartition partition = new([s_sum]);
        partition.Clock = TestRecord.Noon + TestPartition.Horizon;
        partition.Flush(TestRecord.Use("edge", "1"), TestRecord.Use("older", "10", TestRecord.Noon.AddTicks(-1)));
        Assert.Equal(["0 1", "1 10"], partition.Deltas.Select(row => $"{row.Kind} {new Contracts.Quantity(row.Sum)}").Order());
    }

    [Fact]
    public void A_record_that_is_not_above_the_last_one_stops_the_partition()
    {
        using TestPartition partition = new([]);
        List<Logged> logged = partition.Append(TestRecord.Tick);
        partition.Build(logged).Dispose();
        Assert.Throws<InvariantException>(() => partition.Build(logged));
    }
}
