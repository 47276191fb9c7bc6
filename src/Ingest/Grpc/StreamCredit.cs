namespace Metering.Ingest.Grpc;

/// <summary>
/// What of one stream is taken and not yet acknowledged, against its window. One side takes and waits, the other gives back; the window may
/// be overrun by one message, whose size is not known before it has been read.
/// </summary>
internal sealed class StreamCredit(IngestOptions options) : IDisposable
{
    private readonly SemaphoreSlim _released = new(0, 1);
    private readonly Lock _lock = new();
    private int _messages;
    private long _events;
    private long _bytes;

    public void Take(int events, int bytes) => Add(1, events, bytes);

    public void Release(int events, int bytes)
    {
        Add(-1, -events, -bytes);
        lock (_lock)
        {
            if (_released.CurrentCount == 0)
            {
                _released.Release();
            }
        }
    }

    /// <summary>Returns when there is room for another message.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (IsFull())
        {
            await _released.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose() => _released.Dispose();

    private void Add(int messages, int events, int bytes)
    {
        lock (_lock)
        {
            _messages += messages;
            _events += events;
            _bytes += bytes;
        }
    }

    private bool IsFull()
    {
        lock (_lock)
        {
            return _messages >= options.StreamWindowMessages || _events >= options.StreamWindowEvents || _bytes >= options.StreamWindowBytes;
        }
    }
}
