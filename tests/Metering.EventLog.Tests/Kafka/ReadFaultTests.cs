using Confluent.Kafka;
using Metering.EventLog.Kafka;
using Metering.Testing.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>Readers whose records are gone, and records of all sizes.</summary>
public sealed class ReadFaultTests
{
    [Fact]
    public async Task A_reader_below_what_is_retained_is_told_so()
    {
        await using MockLog log = await MockLog.OpenAsync(partitions: 1);
        for (int i = 0; i < 10; i++)
        {
            await log.AppendAsync(1, first: i); // the mock deletes whole batches
        }

        log.Cluster.DeleteRecords("faults", 0, below: 5);
        OffsetRange range = await log.Topic.GetRangeAsync(0, default);
        Assert.Equal(new OffsetRange(6, 11), range);
        OffsetOutOfRangeException e = await Assert.ThrowsAsync<OffsetOutOfRangeException>(() => log.Topic.OpenReaderAsync([new PartitionOffset(0, 5)], default));
        Assert.Contains("below 6", e.Message, StringComparison.Ordinal);
        Assert.Equal(6, (await FirstAsync(log, range.Low)).Offset);
        Assert.Equal(6, (await FirstAsync(log, 0)).Offset);
    }

    [Fact]
    public async Task A_reader_whose_place_the_log_does_not_have_stops_and_stays_stopped()
    {
        await using MockLog log = await MockLog.OpenAsync(partitions: 1);
        await log.AppendAsync(3);
        await using ILogReader reader = await log.Topic.OpenReaderAsync([new PartitionOffset(0, 100)], default);
        for (int i = 0; i < 2; i++)
        {
            await Assert.ThrowsAsync<OffsetOutOfRangeException>(async () => await reader.ReadAsync(10, 1000, TimeSpan.FromSeconds(20), default));
        }
    }

    [Fact]
    public async Task A_reader_lives_through_an_outage()
    {
        await using MockLog log = await MockLog.OpenAsync(partitions: 1);
        await log.AppendAsync(3);
        await using ILogReader reader = await log.Topic.OpenReaderAsync([new PartitionOffset(0, 0)], default);
        Assert.NotEmpty(await reader.ReadAsync(3, 1000, TimeSpan.FromSeconds(20), default));
        log.Cluster.GoDown();
        Assert.Empty(await reader.ReadAsync(3, 1000, TimeSpan.FromMilliseconds(300), default));
        log.Cluster.ComeUp();
        AppendResult[] more = await log.AppendAsync(1, first: 77);
        LogRecord record = Assert.Single(await reader.ReadAsync(3, 1000, TimeSpan.FromSeconds(20), default));
        Assert.Equal((more[0].Offset, 77), (record.Offset, BitConverter.ToInt32(record.Value.Span)));
    }

    [Fact]
    public async Task A_reader_that_is_not_read_from_fetches_no_more_than_its_limit()
    {
        const int Limit = 1 << 20, Value = 8 << 10, Records = 400;
        using MockCluster cluster = new();
        cluster.CreateTopic("much", 1);
        await using KafkaEventLog log = KafkaEventLog.Open(
            new KafkaEventLogOptions
            {
                BootstrapServers = cluster.BootstrapServers, CreateTopics = false, CheckTopics = false, BatchBytes = 64 << 10, MaxRecordBytes = 64 << 10, PrefetchBytes = Limit,
            },
            TimeProvider.System,
            NullLoggerFactory.Instance);
        ITopic topic = await log.OpenAsync(new TopicSpec("much", 1), default);
        using AppendBatch batch = new();
        for (int i = 0; i < Records; i++)
        {
            Random.Shared.NextBytes(batch.GetSpan(Value)[..Value]);
            batch.Advance(Value);
            batch.EndRecord(0);
        }

        await topic.AppendAsync(batch, default);
        await using ILogReader reader = await topic.OpenReaderAsync([new PartitionOffset(0, 0)], default);
        await Task.Delay(TimeSpan.FromSeconds(1.5), TestContext.Current.CancellationToken);
        cluster.GoDown();
        int fetched = 0;
        while (await reader.ReadAsync(1000, int.MaxValue, TimeSpan.FromMilliseconds(200), default) is { Count: > 0 } records)
        {
            fetched += records.Sum(record => record.Value.Length);
        }

        Assert.InRange(fetched, Limit / 2, 2 * Limit);
    }

    [Theory]
    [InlineData(64 << 10)]
    [InlineData(256 << 10)]
    [InlineData(1 << 20)]
    public async Task Large_records_come_back_as_they_were(int bytes)
    {
        await using MockLog log = await MockLog.OpenAsync(partitions: 1);
        using AppendBatch batch = new();
        Random.Shared.NextBytes(batch.GetSpan(bytes)[..bytes]);
        batch.Advance(bytes);
        batch.EndRecord(0);
        await log.Topic.AppendAsync(batch, default);
        Assert.True(batch.Result(0).IsDurable, batch.Result(0).Failure);
        LogRecord record = await FirstAsync(log, 0);
        Assert.True(record.Value.Span.SequenceEqual(batch.Value(0).Span));
    }

    private static async Task<LogRecord> FirstAsync(MockLog log, long offset)
    {
        await using ILogReader reader = await log.Topic.OpenReaderAsync([new PartitionOffset(0, offset)], default);
        LogRecord record = (await reader.ReadAsync(1, 1000, TimeSpan.FromSeconds(20), default))[0];
        return record with { Value = record.Value.ToArray() };
    }

    /// <summary>Brokers let such records in when their topic was set so, for whoever writes to it.</summary>
    [Fact]
    public async Task A_record_that_somebody_else_made_far_too_large_is_read_and_so_is_the_one_behind_it()
    {
        const int Size = 64 << 20;
        await using MockLog mock = await MockLog.OpenAsync(partitions: 1);
        ProducerConfig config = new() { BootstrapServers = mock.Cluster.BootstrapServers, MessageMaxBytes = 2 * Size, CompressionType = CompressionType.Zstd };
        using (IProducer<Null, byte[]> stranger = new ProducerBuilder<Null, byte[]>(config).Build())
        {
            await stranger.ProduceAsync(mock.Topic.Name, new Message<Null, byte[]> { Value = new byte[Size] }, TestContext.Current.CancellationToken);
        }

        await mock.AppendAsync(count: 1, first: 7);

        await using ILogReader reader = await mock.Topic.OpenReaderAsync([new PartitionOffset(0, 0)], TestContext.Current.CancellationToken);
        List<int> sizes = [];
        for (int attempt = 0; attempt < 20 && sizes.Count < 2; attempt++)
        {
            sizes.AddRange((await reader.ReadAsync(10, 1 << 20, TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken)).Select(record => record.Value.Length));
        }

        Assert.Equal([Size, sizeof(int)], sizes);
    }
}
