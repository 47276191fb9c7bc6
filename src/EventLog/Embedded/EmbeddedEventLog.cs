using Microsoft.Extensions.Logging;

namespace Metering.EventLog.Embedded;

/// <summary>The log in this process, on local files. One folder per topic under <c>topics</c>, and a lock that keeps a second process out.</summary>
public sealed class EmbeddedEventLog : IEventLog
{
    private readonly EmbeddedEventLogOptions _options;
    private readonly TimeProvider _time;
    private readonly IDiskIo _io;
    private readonly ILogger _logger;
    private readonly DirectoryLock _lock;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Dictionary<string, (EmbeddedTopic Topic, int Leases)> _topics = new(StringComparer.Ordinal);
    private bool _disposed;

    private EmbeddedEventLog(EmbeddedEventLogOptions options, TimeProvider time, ILogger logger, IDiskIo io, DirectoryLock directoryLock)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _io = io;
        _lock = directoryLock;
    }

    /// <summary>Takes the folder. Topics are opened, and recovered, one by one with <see cref="OpenAsync"/>.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="EventLogUnavailableException">Another process has the folder open.</exception>
    public static EmbeddedEventLog Open(EmbeddedEventLogOptions options, TimeProvider timeProvider, ILoggerFactory loggerFactory) =>
        Open(options, timeProvider, loggerFactory, DiskIo.Instance);

    internal static EmbeddedEventLog Open(EmbeddedEventLogOptions options, TimeProvider timeProvider, ILoggerFactory loggerFactory, IDiskIo io)
    {
        options.Validate();
        DurableFile.CreateDirectory(options.DataDirectory);
        DirectoryLock directoryLock = DirectoryLock.Take(options.DataDirectory);
        return new EmbeddedEventLog(options, timeProvider, loggerFactory.CreateLogger<EmbeddedEventLog>(), io, directoryLock);
    }

    /// <inheritdoc/>
    /// <exception cref="EventLogCorruptException">Durable records of the topic are damaged or missing.</exception>
    /// <exception cref="EventLogUnavailableException">The files of the topic cannot be used.</exception>
    public async Task<ITopic> OpenAsync(TopicSpec spec, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        spec.Validate();
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            (EmbeddedTopic topic, int leases) = _topics.TryGetValue(spec.Name, out var open) ? open : (await OpenTopicAsync(spec).ConfigureAwait(false), 0);
            CheckPartitions(topic, spec);
            topic.Spec = spec;
            _topics[spec.Name] = (topic, leases + 1);
            return new TopicLease(this, topic);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            foreach ((EmbeddedTopic topic, _) in _topics.Values)
            {
                await topic.DisposeAsync().ConfigureAwait(false);
            }

            _topics.Clear();
            _lock.Dispose();
        }
        finally
        {
            _gate.Release();
        }
    }

    internal async ValueTask ReleaseAsync(EmbeddedTopic topic)
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (!_topics.TryGetValue(topic.Name, out var open) || open.Topic != topic)
            {
                return;
            }

            if (open.Leases > 1)
            {
                _topics[topic.Name] = (topic, open.Leases - 1);
                return;
            }

            _topics.Remove(topic.Name);
            await topic.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    // Recovery reads files: not on the caller's thread.
    private Task<EmbeddedTopic> OpenTopicAsync(TopicSpec spec) => Task.Run(() => OpenTopic(spec));

    private EmbeddedTopic OpenTopic(TopicSpec spec)
    {
        string directory = Path.GetFullPath(Path.Combine(_options.DataDirectory, "topics", spec.Name));
        try
        {
            return EmbeddedTopic.Open(spec, directory, _options, _time, _io, _logger);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            throw new EventLogUnavailableException($"Topic '{spec.Name}' in {directory} cannot be opened: {e.Message}", e);
        }
    }

    private static void CheckPartitions(EmbeddedTopic topic, TopicSpec spec)
    {
        if (topic.PartitionCount != spec.Partitions)
        {
            throw new TopicMismatchException($"Topic '{spec.Name}' has {topic.PartitionCount} partitions, not {spec.Partitions}.");
        }
    }
}
