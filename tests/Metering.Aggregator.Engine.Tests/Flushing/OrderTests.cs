using CsCheck;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Tests.Harness;
using Metering.Contracts;
using Xunit;

namespace Metering.Aggregator.Engine.Tests.Flushing;

/// <summary>Order, repetition and the cut into flushes do not matter.</summary>
public class OrderTests
{
    private static readonly MeterRevision[] s_meters = [.. TestMeters.OneOfEach, .. TestMeters.OneOfEachGrouped];

    private static readonly Gen<string> s_value = Gen.OneOf(
        "1", "2", "-2", "2.0", "\"2\"", "0.1", "0.2", "1e3", "0.30000000000000004", "999999999999999.999999999999", "-999999999999999.999999999999",
        "1e15", "null", "true", "\"NaN\"", "\"x\"", "{}", "-0", "0.0000000000005");

    private static readonly Gen<DateTime> s_time = Gen.OneOf(0, 1, -1, 300_000_000, 599_999_999, 600_000_000, 600_000_001).Select(ticks => TestRecord.Noon.AddTicks(ticks));

    private static readonly Gen<TestRecord> s_event = Gen.Select(
        s_value,
        s_time,
        Gen.OneOf("", ",\"g\":\"a\"", ",\"g\":1", ",\"g\":true", ",\"g\":null", ",\"g\":\"\\u0061\""),
        Gen.OneOf("llm", "llm", "llm", "other"),
        Gen.OneOf("c1", "c2"),
        Gen.OneOf("acme", "acme", "rival"),
        (value, time, group, type, subject, tenant) => new TestRecord { Tenant = tenant, Type = type, Subject = subject, Time = time, Data = $$"""{"v":{{value}}{{group}}}""" });

    /// <summary>Distinct events, some of them voided or amended, every record at least once; then the same in another order.</summary>
    private static readonly Gen<(TestRecord[] First, TestRecord[] Second, int[] Cuts)> s_cases =
        from events in s_event.Array[1, 10]
        from fates in Gen.Int[0, 7].Array[events.Length]
        let distinct = events.Select((one, i) => one with { Id = $"e{i / 2}", Source = i % 2 == 0 ? "a" : "a-b" }).ToArray()
        let records = distinct.SelectMany((one, i) => WithFate(one, fates[i])).ToArray()
        from first in Gen.Shuffle(records)
        from copies in Gen.OneOf(records).Array[0, records.Length]
        from second in Gen.Shuffle(records.Concat(copies).ToArray())
        from cuts in Gen.Int[1, 6].Array[1, 8]
        select (first, second, cuts);

    [Fact]
    public void Any_permutation_and_repetition_over_any_cut_gives_the_same_windows_and_the_naive_ones() =>
        s_cases.Sample(
            example =>
            {
                List<StoredDelta> first = Run(example.First, [int.MaxValue]);
                List<StoredDelta> second = Run(example.Second, example.Cuts);
                Assert.Equal(Windows.SumPoints(first), Windows.SumPoints(second));
                Assert.Equal(NaiveModel.Values(example.Second, s_meters), Windows.Values(second, s_meters));
            },
            iter: 2000);

    [Fact]
    public void Every_record_is_accounted_for() =>
        s_cases.Sample(
            example =>
            {
                using TestPartition partition = new(s_meters);
                Counts counts = partition.Flush([.. example.Second, TestRecord.Tick]);
                Assert.Equal(example.Second.Length + 1, counts.Records);
                Assert.Equal(counts.Records, counts.Accepted + counts.Duplicates + counts.Dead + counts.Ticks);
                Assert.Equal(counts.Accepted, partition.Raw.Count);
                Assert.Equal(counts.Dead, partition.DeadLetters.Count);
                Assert.Equal(partition.Raw.Select(row => row.Offset), partition.Raw.Select(row => row.Offset).Order().Distinct());
            },
            iter: 300);

    [Fact]
    public void A_flush_says_what_its_rows_add_up_to() =>
        s_cases.Sample(
            example =>
            {
                using TestPartition partition = new(s_meters);
                using Engine.Flushing.Flush flush = partition.Build(partition.Append(example.Second));
                partition.Confirm(flush);
                Assert.Equal(partition.Deltas.Aggregate(Int128.Zero, (sum, row) => sum + row.Sum), flush.DeltaValue.Unscaled);
                Assert.Equal(partition.Deltas.Sum(row => row.Count), flush.DeltaCount);
                Assert.Equal(partition.Raw.Aggregate(default(EventIdentity), (xor, row) => xor ^ row.Identity), flush.IdentityXor);
                Assert.Equal(partition.Raw.Count(row => row.Rounded), flush.Rounded);
                Assert.Equal(partition.Raw.Count(row => row.Problem.Length > 0), flush.Problems);
            },
            iter: 300);

    private static TestRecord[] WithFate(TestRecord one, int fate) => fate switch
    {
        0 => [one, one.Void()],
        1 => [one, one.Amend("7")],
        2 => [one, one.Amend("8"), one.Void("other")],
        3 => [one.Void()],
        4 => [one, one.Amend("9") with { Subject = "c3", Time = one.Time.AddMinutes(5) }],
        _ => [one],
    };

    private static List<StoredDelta> Run(TestRecord[] records, int[] cuts)
    {
        using TestPartition partition = new(s_meters);
        int at = 0;
        for (int i = 0; at < records.Length; i++)
        {
            TestRecord[] flush = [.. records.Skip(at).Take(cuts[i % cuts.Length])];
            partition.Flush(flush);
            at += flush.Length;
        }

        return partition.Deltas;
    }
}
