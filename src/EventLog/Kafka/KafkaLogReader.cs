using System.Diagnostics;
using Confluent.Kafka;

namespace Metering.EventLog.Kafka;

/// <summary>
/// A consumer with fixed partitions and offsets. It fetches ahead on threads of its own, up to <see cref="KafkaEventLogOptions.PrefetchBytes"/>;
/// that is the back-pressure: a reader that is not read from stops fetching.
/// </summary>
internal sealed class KafkaLogReader : ILogReader
{
    // How soon a cancelled wait ends.
    private const int SliceMs = 100;

    private readonly string _topic;
    private readonly IConsumer<Ignore, ReadOnlyMemory<byte>> _consumer;
    private readonly ReadMemory _memory = new();
    private readonly List<LogRecord> _records = [];
    private LogRecord? _held;
    private Exception? _failure;
    private int _bytes;
    private int _maxRecords;
    private int _maxBytes;
    private bool _disposed;

    public KafkaLogReader(string topic, IReadOnlyList<PartitionOffset> from, KafkaEventLogOptions options, ClientLog clientLog)
    {
        _topic = topic;
        _consumer = new ConsumerBuilder<Ignore, ReadOnlyMemory<byte>>(ClientConfigs.Consumer(options))
            .SetValueDeserializer(_memory)
            .SetErrorHandler((_, error) => clientLog.Write(error))
            .SetLogHandler((_, message) => clientLog.Write(message))
            .Build();
        _consumer.Assign(from.Select(start => new TopicPartitionOffset(topic, start.Partition, Offsets.ToKafka(start.Offset))));
    }

    private bool IsFull => _records.Count >= _maxRecords || _held is not null;

    public async ValueTask<IReadOnlyList<LogRecord>> ReadAsync(int maxRecords, int maxBytes, TimeSpan maxWait, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRecords, 1);
        ObjectDisposedException.ThrowIf(_disposed, this);
        cancellationToken.ThrowIfCancellationRequested();
        Begin(maxRecords, maxBytes);
        Fill(firstWaitMs: 0);
        if (_records.Count == 0 && _failure is null)
        {
            // Waiting holds a thread: the client has no other way to wait.
            await Task.Run(() => Wait(maxWait, cancellationToken), cancellationToken).ConfigureAwait(false);
        }

        ThrowWhenFailed();
        return _records;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_disposed)
        {
            _disposed = true;
            await Task.Run(_consumer.Dispose).ConfigureAwait(false);
            _memory.Dispose();
        }
    }

    private void Begin(int maxRecords, int maxBytes)
    {
        _records.Clear();
        _memory.Clear();
        _bytes = 0;
        (_maxRecords, _maxBytes) = (maxRecords, maxBytes);
        if (_held is { } held)
        {
            _held = null;
            Take(held);
        }
    }

    private void Wait(TimeSpan maxWait, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        while (_records.Count == 0 && _failure is null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TimeSpan left = maxWait - Stopwatch.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
            {
                return;
            }

            Fill((int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 1, SliceMs));
        }
    }

    /// <summary>Takes what is there. A failure is kept for when the records before it have been given.</summary>
    private void Fill(int firstWaitMs)
    {
        try
        {
            int wait = firstWaitMs;
            while (!IsFull && _failure is null && _consumer.Consume(wait) is { } result)
            {
                Take(new LogRecord(result.Partition, Offsets.FromKafka(result.Offset), result.Message.Timestamp.UnixTimestampMs, result.Message.Value));
                wait = 0;
            }
        }
        catch (ConsumeException e) when (e.Error.Code == ErrorCode.GroupAuthorizationFailed)
        {
            // The client asks for the coordinator of the group that it insists on. Nothing here joins a group, so it needs no right to one.
        }
        catch (ConsumeException e)
        {
            _failure = Meaning(e);
        }
    }

    private void Take(LogRecord record)
    {
        if (_records.Count > 0 && _bytes + record.Value.Length > _maxBytes)
        {
            // The next read gives it; by then its memory is used again.
            _held = record with { Value = record.Value.ToArray() };
            return;
        }

        _records.Add(record);
        _bytes += record.Value.Length;
    }

    private Exception Meaning(ConsumeException e) => e.Error.Code switch
    {
        ErrorCode.Local_AutoOffsetReset or ErrorCode.OffsetOutOfRange => new OffsetOutOfRangeException(
            $"Partition {e.ConsumerRecord.Partition.Value} of topic '{_topic}' no longer has what this reader is to read next: {e.Error.Reason}"),

        // After these the client would go on behind the damage; this reader does not.
        ErrorCode.Local_BadMsg or ErrorCode.InvalidMsg or ErrorCode.Local_BadCompression or ErrorCode.Local_NotImplemented or ErrorCode.Local_LogTruncation
            => new EventLogCorruptException(_topic, Offsets.FromKafka(e.ConsumerRecord.Offset), e.Error.Reason),
        _ => new EventLogUnavailableException($"Topic '{_topic}' cannot be read: {e.Error.Reason} ({e.Error.Code})", e),
    };

    private void ThrowWhenFailed()
    {
        if (_failure is not { } failure || _records.Count > 0)
        {
            return;
        }

        // Only an unavailable broker comes back; the consumer does not go past the other two.
        if (failure is EventLogUnavailableException)
        {
            _failure = null;
        }

        throw failure;
    }
}
