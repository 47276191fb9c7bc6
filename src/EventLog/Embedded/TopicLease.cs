namespace Metering.EventLog.Embedded;

/// <summary>What one caller of <see cref="IEventLog.OpenAsync"/> holds. Callers share the topic; the last to leave closes it.</summary>
internal sealed class TopicLease(EmbeddedEventLog log, EmbeddedTopic topic) : ITopic
{
    private int _disposed;

    public string Name => topic.Name;

    public int PartitionCount => topic.PartitionCount;

    public string Id => topic.Id;

    internal EmbeddedTopic Topic => topic;

    public ValueTask AppendAsync(AppendBatch batch, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        return topic.AppendAsync(batch, cancellationToken);
    }

    public ValueTask<OffsetRange> GetRangeAsync(int partition, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        return ValueTask.FromResult(topic.Range(partition));
    }

    public Task<ILogReader> OpenReaderAsync(IReadOnlyList<PartitionOffset> from, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        return Task.FromResult<ILogReader>(new EmbeddedLogReader(topic, from));
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await log.ReleaseAsync(topic).ConfigureAwait(false);
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
}
