using CsCheck;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Tests.Harness;
using Metering.Contracts;
using Xunit;

namespace Metering.Aggregator.Engine.Tests.Flushing;

/// <summary>A range built again, by the same state or by one made from the raw table, has the same bytes.</summary>
public class RebuildTests
{
    private static readonly MeterRevision[] s_meters = [.. TestMeters.OneOfEach, .. TestMeters.OneOfEachGrouped];

    [Fact]
    public void A_range_with_everything_in_it_is_rebuilt_byte_for_byte()
    {
        TestRecord[] here = [.. Enumerable.Range(0, 200).Select(i => TestRecord.Use($"e{i}", $"{i % 7}", TestRecord.Noon.AddSeconds(i % 100))).Where(one => one.Identity.Partition(2) == 0)];
        TestRecord elsewhere = Enumerable.Range(0, 100).Select(i => TestRecord.Use($"w{i}", "1")).First(one => one.Identity.Partition(2) == 1);
        TestRecord[] before = [.. here[..30], here[60].Void("early"), here[61].Amend("4", "early"), TestRecord.Tick];
        TestRecord[] range =
        [
            .. here[20..50], here[40], here[45],
            here[50] with { Time = TestRecord.Noon.AddDays(-80) }, here[50] with { Time = TestRecord.Noon.AddDays(-80) },
            here[3] with { Subject = "conflict" }, here[41] with { Data = """{"v":"conflict"}""" },
            here[42].Void(), here[42].Void(), here[5].Void(), here[43].Amend("100"), here[6].Amend("100"), here[70].Void("never comes"),
            here[60], here[61], here[62] with { Data = """{"v":{}}""" }, here[63] with { Data = """{"v":0.30000000000000004,"g":"x"}""" },
            TestRecord.Tick, elsewhere, elsewhere.Void(),
            new TestRecord { Kind = RecordKind.Rejected, Data = "{{", Code = "malformed", Reason = "why" },
        ];

        using TestPartition partition = new(s_meters, partition: 0, partitionCount: 2);
        partition.Flush(before);
        List<Logged> logged = [.. partition.Append(range), .. partition.AppendBytes([[0xFF, 0x01], [], [0x08, 0x02]])];
        using Flush built = partition.Build(logged);
        partition.LoseState();
        using Flush rebuilt = partition.Build(logged);
        AssertSame(built, rebuilt);

        partition.Confirm(built);
        Assert.Equal(8, built.Dead);
        Assert.Equal(1, built.Ticks);
        Assert.Equal(14, built.Duplicates);
        Assert.Equal(["conflict", "conflict", "wrong_partition", "wrong_partition", "malformed", "undecodable_record", "undecodable_record", "undecodable_record"],
            partition.DeadLetters.Select(letter => letter.Code));
        Assert.Equal(NaiveModel.Values([.. before, .. range.Where(one => one.Source != "" && one.Identity != elsewhere.Identity)], s_meters), Windows.Values(partition.Deltas, s_meters));
    }

    [Fact]
    public void A_state_lost_at_any_moment_changes_no_byte_of_what_follows() =>
        Gen.Select(Gen.Select(Gen.Int[0, 9], Gen.Int[0, 8], Gen.Int[0, 3], Gen.Bool).Array[1, 40], Gen.Int[1, 8], Gen.Bool.Array[1, 8]).Sample(
            (draws, size, losses) =>
            {
                using TestPartition steady = new(s_meters);
                using TestPartition losing = new(s_meters);
                foreach ((int i, TestRecord[] records) in draws.Select(Draw).Chunk(size).Index())
                {
                    using Flush expected = steady.Build(steady.Append(records));
                    using Flush actual = losing.Build(losing.Append(records));
                    AssertSame(expected, actual);
                    steady.Confirm(expected);
                    losing.Confirm(actual);
                    if (losses[i % losses.Length])
                    {
                        losing.LoseState();
                    }
                }
            },
            iter: 1000);

    [Fact]
    public void Building_again_without_losing_the_state_is_refused()
    {
        using TestPartition partition = new([]);
        List<Logged> logged = partition.Append(TestRecord.Use("e", "1"));
        using Flush flush = partition.Build(logged);
        Assert.Throws<InvariantException>(() => partition.Build(logged));
    }

    private static TestRecord Draw((int Id, int What, int Value, bool Old) draw)
    {
        TestRecord one = TestRecord.Use($"e{draw.Id}", $"{draw.Value}", TestRecord.Noon.AddDays(draw.Old ? -60 : 0));
        return draw.What switch
        {
            0 => one.Void($"k{draw.Value}"),
            1 => one.Amend($"{draw.Value}", $"k{draw.Value}"),
            2 => TestRecord.Tick,
            _ => one,
        };
    }

    private static void AssertSame(Flush expected, Flush actual)
    {
        Assert.True(expected.Raw.Written.Span.SequenceEqual(actual.Raw.Written.Span), "raw rows differ");
        Assert.True(expected.Deltas.Written.Span.SequenceEqual(actual.Deltas.Written.Span), "deltas differ");
        Assert.True(expected.DeadLetters.Written.Span.SequenceEqual(actual.DeadLetters.Written.Span), "dead letters differ");
        Assert.Equal(Counts.Of(expected), Counts.Of(actual));
        Assert.Equal((expected.Lo, expected.Hi, expected.IdentityXor, expected.DeltaValue, expected.DeltaCount), (actual.Lo, actual.Hi, actual.IdentityXor, actual.DeltaValue, actual.DeltaCount));
    }
}
