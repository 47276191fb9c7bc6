using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Metering.EventLog.Kafka;

/// <summary>What one caller of <see cref="IEventLog.OpenAsync"/> holds. It owns nothing but its readers' settings: clients belong to the log.</summary>
internal sealed class KafkaTopic : ITopic
{
    private readonly TopicPartition[] _partitions;
    private readonly KafkaEventLogOptions _options;
    private readonly TopicAdmin _admin;
    private readonly KafkaAppender _appender;
    private readonly ClientLog _clientLog;
    private bool _disposed;

    public KafkaTopic(TopicSpec spec, string id, KafkaEventLogOptions options, TopicAdmin admin, KafkaAppender appender, ClientLog clientLog)
    {
        Name = spec.Name;
        Id = id;
        _partitions = [.. Enumerable.Range(0, spec.Partitions).Select(partition => new TopicPartition(spec.Name, partition))];
        _options = options;
        _admin = admin;
        _appender = appender;
        _clientLog = clientLog;
    }

    public string Name { get; }

    public int PartitionCount => _partitions.Length;

    public string Id { get; }

    public async ValueTask AppendAsync(AppendBatch batch, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
        for (int i = 0; i < batch.Count; i++)
        {
            CheckPartition(batch.Partition(i));
        }

        if (batch.Count > 0)
        {
            await _appender.AppendAsync(_partitions, batch, cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask<OffsetRange> GetRangeAsync(int partition, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        CheckPartition(partition);
        TopicPartition[] one = [_partitions[partition]];
        Task<long[]> low = _admin.EndsAsync(one, OffsetSpec.Earliest(), cancellationToken);
        Task<long[]> high = _admin.EndsAsync(one, OffsetSpec.Latest(), cancellationToken);
        await Task.WhenAll(low, high).ConfigureAwait(false);
        return new OffsetRange(Offsets.FromKafka((await low.ConfigureAwait(false))[0]), Offsets.FromKafka((await high.ConfigureAwait(false))[0]));
    }

    /// <inheritdoc/>
    /// <exception cref="EventLogUnavailableException">The brokers do not say what is retained.</exception>
    public async Task<ILogReader> OpenReaderAsync(IReadOnlyList<PartitionOffset> from, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        foreach (PartitionOffset start in from)
        {
            CheckPartition(start.Partition);
            ArgumentOutOfRangeException.ThrowIfNegative(start.Offset);
        }

        await CheckRetainedAsync([.. from.Where(start => start.Offset > 0)], cancellationToken).ConfigureAwait(false);
        return new KafkaLogReader(Name, from, _options, _clientLog);
    }

    public ValueTask DisposeAsync()
    {
        Volatile.Write(ref _disposed, true);
        return ValueTask.CompletedTask;
    }

    // The consumer would find out too, with the first fetch; here the caller learns it from the call that was wrong.
    private async Task CheckRetainedAsync(PartitionOffset[] from, CancellationToken cancellationToken)
    {
        if (from.Length == 0)
        {
            return;
        }

        TopicPartition[] partitions = [.. from.Select(start => _partitions[start.Partition])];
        long[] lows = await _admin.EndsAsync(partitions, OffsetSpec.Earliest(), cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < from.Length; i++)
        {
            long low = Offsets.FromKafka(lows[i]);
            if (from[i].Offset < low)
            {
                throw new OffsetOutOfRangeException(
                    $"Partition {from[i].Partition} of topic '{Name}' no longer has offset {from[i].Offset}: everything below {low} was deleted.");
            }
        }
    }

    private void CheckPartition(int partition)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(partition);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(partition, PartitionCount);
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
}
