using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Metering.EventLog.Kafka;

/// <summary>
/// One idempotent producer of the client, from its making to its end. It ends when the log is closed or when the client declares it dead (a fatal
/// error: its sequence numbers can no longer exclude duplicates). Appends enter and leave; the client is disposed when the last has left.
/// </summary>
internal sealed class RecordProducer
{
    private readonly Lock _lock = new();
    private readonly HashSet<KafkaAppend> _appends = [];
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IProducer<RecordTag, ReadOnlyMemory<byte>> _client;
    private readonly Action<DeliveryReport<RecordTag, ReadOnlyMemory<byte>>> _delivered;
    private readonly ILogger _logger;
    private readonly ClientLog _clientLog;
    private bool _closed;
    private bool _disposing;

    public RecordProducer(KafkaEventLogOptions options, ILogger logger, ClientLog clientLog)
    {
        _logger = logger;
        _clientLog = clientLog;
        _delivered = OnDelivered;
        _client = new ProducerBuilder<RecordTag, ReadOnlyMemory<byte>>(ClientConfigs.Producer(options))
            .SetKeySerializer(new RecordTag.NoKey())
            .SetValueSerializer(new ValueBytes())
            .SetErrorHandler((_, error) => OnError(error))
            .SetLogHandler((_, message) => clientLog.Write(message))
            .Build();
    }

    /// <returns>False when it has ended: take another one.</returns>
    public bool TryEnter(KafkaAppend append)
    {
        lock (_lock)
        {
            return !_closed && _appends.Add(append);
        }
    }

    public void Leave(KafkaAppend append)
    {
        lock (_lock)
        {
            _appends.Remove(append);
            DisposeWhenLeft();
        }
    }

    /// <summary>Hands one record to the client, which copies it. Between entering and leaving only.</summary>
    /// <returns>Why it was not taken; null when it was, and its result will come.</returns>
    public Error? Send(TopicPartition to, Message<RecordTag, ReadOnlyMemory<byte>> message)
    {
        try
        {
            _client.Produce(to, message, _delivered);
            return null;
        }
        catch (ProduceException<RecordTag, ReadOnlyMemory<byte>> e)
        {
            if (e.Error.IsFatal)
            {
                OnError(e.Error);
            }

            return e.Error;
        }
    }

    /// <summary>Takes no more appends, waits for those that are there, and disposes the client.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            _closed = true;
            DisposeWhenLeft();
        }

        return _disposed.Task;
    }

    private void OnDelivered(DeliveryReport<RecordTag, ReadOnlyMemory<byte>> report)
    {
        if (report.Error.IsFatal)
        {
            OnError(report.Error);
        }

        RecordTag tag = report.Message.Key;
        tag.Append.Settle(tag.Index, DeliveryResults.Of(report.Error, report.Status, report.Offset, report.Message.Timestamp));
    }

    private void OnError(Error error)
    {
        if (!error.IsFatal)
        {
            _clientLog.Write(error);
            return;
        }

        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            foreach (KafkaAppend append in _appends)
            {
                append.RefuseRest(DeliveryResults.InDoubt($"the producer was given up: {error.Reason}"));
            }

            DisposeWhenLeft();
        }

        _logger.ProducerGivenUp(error.Code, error.Reason);
    }

    // Not here and now: this may be the client's own thread, which disposing waits for.
    private void DisposeWhenLeft()
    {
        if (_closed && _appends.Count == 0 && !_disposing)
        {
            _disposing = true;
            _ = Task.Run(Dispose);
        }
    }

    private void Dispose()
    {
        _client.Dispose();
        _disposed.TrySetResult();
    }
}
