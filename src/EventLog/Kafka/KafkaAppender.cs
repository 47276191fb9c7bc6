using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Metering.EventLog.Kafka;

/// <summary>
/// Sends batches and waits for the delivery reports. All topics share its producer; a producer that died is replaced by the next append, but not
/// more than once a second, so that a cluster that refuses every producer is not flooded with new ones. Safe for concurrent use.
/// </summary>
internal sealed class KafkaAppender : IAsyncDisposable
{
    private static readonly TimeSpan s_queueFullPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_replacePause = TimeSpan.FromSeconds(1);
    private static readonly Headers s_noHeaders = [];

    private readonly Lock _lock = new();
    private readonly KafkaEventLogOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ClientLog _clientLog;
    private RecordProducer _producer;
    private long _madeAt;
    private bool _disposed;

    public KafkaAppender(KafkaEventLogOptions options, TimeProvider time, ILogger logger, ClientLog clientLog)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _clientLog = clientLog;
        _producer = Make();
    }

    /// <summary>
    /// A batch has one producer from its first record to its last: when that dies in between, the rest is refused, so records that made it are in order.
    /// </summary>
    public async Task AppendAsync(TopicPartition[] partitions, AppendBatch batch, CancellationToken cancellationToken)
    {
        KafkaAppend append = new(batch);
        RecordProducer? producer = Enter(append);
        if (producer is null)
        {
            append.RefuseRest("Kafka refuses this producer; a new one is made soon.");
            return;
        }

        try
        {
            await using (cancellationToken.UnsafeRegister(static (state, token) => ((KafkaAppend)state!).Cancel(token), append).ConfigureAwait(false))
            {
                await SendAsync(producer, partitions, append, cancellationToken).ConfigureAwait(false);
                await append.Task.ConfigureAwait(false);
            }
        }
        finally
        {
            producer.Leave(append);
        }
    }

    /// <summary>Waits for the appends that are under way.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        await _producer.CloseAsync().ConfigureAwait(false);
    }

    private RecordProducer? Enter(KafkaAppend append)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_producer.TryEnter(append))
            {
                return _producer;
            }

            if (_time.GetElapsedTime(_madeAt) < s_replacePause)
            {
                return null;
            }

            _producer = Make();
            _producer.TryEnter(append);
            return _producer;
        }
    }

    private RecordProducer Make()
    {
        _madeAt = _time.GetTimestamp();
        return new RecordProducer(_options, _logger, _clientLog);
    }

    private async ValueTask SendAsync(RecordProducer producer, TopicPartition[] partitions, KafkaAppend append, CancellationToken cancellationToken)
    {
        AppendBatch batch = append.Batch;
        Message<RecordTag, ReadOnlyMemory<byte>> message = new() { Headers = s_noHeaders };
        long started = _time.GetTimestamp();
        for (int i = 0; i < batch.Count && !append.IsFinished; i++)
        {
            message.Key = new RecordTag(append, i);
            message.Value = batch.Value(i);
            if (message.Value.Length > _options.MaxRecordBytes)
            {
                append.Settle(i, AppendResult.Refused(DeliveryResults.TooLarge(message.Value.Length, _options.MaxRecordBytes)));
                continue;
            }

            Error? error;
            while ((error = producer.Send(partitions[batch.Partition(i)], message))?.Code == ErrorCode.Local_QueueFull && MayWait(append, started))
            {
                await Task.Delay(s_queueFullPause, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (error is not null)
            {
                append.RefuseFrom(i, DeliveryResults.Refusal(error));
                return;
            }
        }
    }

    private bool MayWait(KafkaAppend append, long started) => !append.IsFinished && _time.GetElapsedTime(started) < _options.QueueTimeout;
}
