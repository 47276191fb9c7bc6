using Metering.Aggregator.Engine.Deduplication;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Tests.Harness;
using Xunit;

namespace Metering.Aggregator.Engine.Tests.Flushing;

public class AllocationTests(ITestOutputHelper output)
{
    private const int Events = 10_000;

    /// <summary>
    /// Tables and buffers have grown, only what holds the flush itself is made anew. Identities are meant to stay: the growth of their table
    /// is not counted.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public void A_warm_engine_allocates_next_to_nothing_for_an_event(int meterCount)
    {
        MeterSet meters = new(TestMeters.OneOfEachGrouped.Take(meterCount));
        Deduplicator deduplicator = new();
        using PartitionEngine engine = new(0, 0, 1, TestPartition.Horizon, deduplicator);
        long offset = 1;
        long allocated = long.MaxValue;
        for (int round = 0; round < 4; round++)
        {
            byte[][] records = [.. Enumerable.Range(0, Events).Select(i => Record(round, i).ToBytes())];
            long tableBefore = deduplicator.ActiveBytes;
            long before = GC.GetAllocatedBytesForCurrentThread();
            Run(engine, meters, records, ref offset);
            long growth = deduplicator.ActiveBytes == tableBefore ? 0 : TableGrowth(tableBefore, deduplicator.ActiveBytes);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before - growth;
        }

        output.WriteLine($"{meterCount} meters: {(double)allocated / Events:F2} bytes an event");
        Assert.InRange((double)allocated / Events, 0, 1);
    }

    [Fact]
    public void A_duplicate_allocates_nothing()
    {
        MeterSet meters = new(TestMeters.OneOfEach);
        using PartitionEngine engine = new(0, 0, 1, TestPartition.Horizon, new Deduplicator());
        byte[][] records = [.. Enumerable.Range(0, Events).Select(i => Record(0, i).ToBytes())];
        long offset = 1;
        Run(engine, meters, records, ref offset);
        Run(engine, meters, records, ref offset);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(engine, meters, records, ref offset);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    private static TestRecord Record(int round, int i) => TestRecord.Use($"{round}-{i}", "1", TestRecord.Noon.AddSeconds(i % 300)) with
    {
        Subject = $"customer-{i % 50}",
        Data = $$"""{"v":"{{i % 100}}.5","g":"m\u0061{{i % 3}}"}""",
    };

    private static void Run(PartitionEngine engine, MeterSet meters, byte[][] records, ref long offset)
    {
        long at = new DateTimeOffset(TestRecord.Noon).ToUnixTimeMilliseconds();
        engine.Begin(offset, meters, NoHistories.Instance);
        foreach (byte[] record in records)
        {
            engine.CollectNeeds(record, at, NoHistories.Needs);
            engine.Process(offset++, at, record);
        }

        engine.End().Dispose();
    }

    /// <summary>Each growth makes a table a quarter larger; all of them are garbage but the last.</summary>
    private static long TableGrowth(long from, long to)
    {
        long sum = 0;
        for (long slots = from / 32; slots * 32 < to;)
        {
            slots += slots / 4;
            sum += slots * 32;
        }

        return sum;
    }

    private static class NoHistories
    {
        public static readonly Dictionary<Contracts.EventIdentity, Engine.Corrections.TargetHistory> Instance = [];
        public static readonly HashSet<Contracts.EventIdentity> Needs = [];
    }
}
