using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Metering.EventLog.Kafka;

/// <summary>
/// The log on a Kafka cluster. One producer and one admin client serve all topics; each reader is a consumer of its own. Nothing is connected
/// before it is needed, so a cluster that is down shows at the first <see cref="OpenAsync"/>.
/// </summary>
/// <remarks>
/// The client allocates for every record appended about 450 bytes of small objects and a copy of the value, for every record read about 230 bytes.
/// What is ours is pooled: batches, and the memory that records are read into.
/// </remarks>
public sealed class KafkaEventLog : IEventLog
{
    private readonly KafkaEventLogOptions _options;
    private readonly ILogger _logger;
    private readonly ClientLog _clientLog;
    private readonly TopicAdmin _admin;
    private readonly KafkaAppender _appender;
    private int _disposed;

    private KafkaEventLog(KafkaEventLogOptions options, ILogger logger, ClientLog clientLog, TopicAdmin admin, KafkaAppender appender)
    {
        _options = options;
        _logger = logger;
        _clientLog = clientLog;
        _admin = admin;
        _appender = appender;
    }

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="EventLogUnavailableException">The client refuses the options, such as a certificate that is not there.</exception>
    public static KafkaEventLog Open(KafkaEventLogOptions options, TimeProvider timeProvider, ILoggerFactory loggerFactory)
    {
        options.Validate();
        ILogger logger = loggerFactory.CreateLogger<KafkaEventLog>();
        ClientLog clientLog = new(logger, options.Security, timeProvider);
        try
        {
            TopicAdmin admin = new(options, timeProvider, logger, clientLog);
            return new KafkaEventLog(options, logger, clientLog, admin, new KafkaAppender(options, timeProvider, logger, clientLog));
        }
        catch (Exception e) when (e is InvalidOperationException or KafkaException)
        {
            throw new EventLogUnavailableException($"The Kafka client does not start: {e.Message.TrimEnd('.')}. {ConnectionRemedy.ForStart(e.Message)}".TrimEnd(), e);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="TopicMismatchException">A setting of the topic breaks a promise; the message has the remedy.</exception>
    /// <exception cref="EventLogUnavailableException">The cluster cannot be reached or does not answer what must be known.</exception>
    public async Task<ITopic> OpenAsync(TopicSpec spec, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        spec.Validate();
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        string id = await _admin.OpenAsync(spec, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        _logger.TopicOpened(spec.Name, spec.Partitions, id);
        return new KafkaTopic(spec, id, _options, _admin, _appender, _clientLog);
    }

    /// <summary>Waits until every append under way has its results. Readers are closed by those who opened them.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _appender.DisposeAsync().ConfigureAwait(false);
            await Task.Run(_admin.Dispose).ConfigureAwait(false);
        }
    }
}
