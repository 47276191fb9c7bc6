using System.Security.Cryptography;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Tests.Harness;
using Metering.EventLog;
using Xunit;

namespace Metering.Aggregator.Tests;

/// <summary>Whatever somebody puts into the log, the partition goes on behind it, and the bytes are kept.</summary>
public sealed class PoisonTests(Engines engines)
{
    private const int Large = 1_000_000;

    [Fact]
    public async Task Bad_records_become_dead_letters_with_their_bytes_and_the_events_behind_them_count()
    {
        await using Pipeline pipeline = await Pipeline.StartAsync(await engines.NewPlaceAsync());
        await MeterSetup.CreateAsync(pipeline.Postgres, "total", Aggregation.Sum);
        byte[][] poison = [[], [0], [0xff, 0xfe, 0xfd], "{\"id\":\"json, not a record\"}"u8.ToArray(), [0x08, 0x63, 0x10, 0x01], RandomNumberGenerator.GetBytes(Large)];
        byte[] good = RecordOf(Sent.Use("elsewhere", 1), out int home);

        for (int part = 0; part < Pipeline.Partitions; part++)
        {
            await pipeline.AppendAsync([Sent.Use($"before {part}", 1)]);
            await AppendAsync(pipeline, part, part == home ? poison : [.. poison, good]);
            await pipeline.AppendAsync([Sent.Use($"behind {part}", 1)]);
        }

        await pipeline.SettleAsync();
        Assert.Equal("4", (await pipeline.RowsAsync("SELECT toString(sum(events)) FROM usage_by_minute WHERE meter = 'total'")).Single());
        Assert.Equal(["undecodable_record\t12", "wrong_partition\t1"], await pipeline.RowsAsync("SELECT code, toString(count()) FROM dead_letters GROUP BY code ORDER BY code"));
        foreach (byte[] bytes in poison)
        {
            string hex = Convert.ToHexString(SHA256.HashData(bytes));
            Assert.Equal("2", (await pipeline.RowsAsync($"SELECT toString(count()) FROM dead_letters WHERE hex(SHA256(raw)) = '{hex}' AND message != '' AND off > 0")).Single());
        }

        Assert.Empty((await pipeline.AuditAsync()).Findings);
    }

    private static byte[] RecordOf(Sent sent, out int partition)
    {
        using AppendBatch batch = new();
        sent.AddTo(batch, Pipeline.Partitions);
        partition = batch.Partition(0);
        return batch.Value(0).ToArray();
    }

    private static async Task AppendAsync(Pipeline pipeline, int partition, byte[][] values)
    {
        using AppendBatch batch = new();
        foreach (byte[] value in values)
        {
            value.CopyTo(batch.GetSpan(value.Length));
            batch.Advance(value.Length);
            batch.EndRecord(partition);
        }

        await pipeline.Topic.AppendAsync(batch, default);
        Assert.All(Enumerable.Range(0, batch.Count), index => Assert.True(batch.Result(index).IsDurable));
    }
}
