namespace Metering.Embedded.ClickHouse.Http;

/// <summary>At most so many statements at once, at most so many waiting, and none waiting for ever.</summary>
internal sealed class RequestGate(int concurrent, int queued, TimeSpan patience) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(concurrent, concurrent);
    private int _waiting;

    public async Task<Slot> EnterAsync(CancellationToken cancellationToken)
    {
        if (_slots.Wait(0, CancellationToken.None))
        {
            return new Slot(_slots);
        }

        try
        {
            if (Interlocked.Increment(ref _waiting) <= queued && await _slots.WaitAsync(patience, cancellationToken).ConfigureAwait(false))
            {
                return new Slot(_slots);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        throw new ClickHouseException(ErrorCode.TooManySimultaneousQueries,
            $"Too many simultaneous queries. Maximum: {concurrent}, waiting: {queued}", "TOO_MANY_SIMULTANEOUS_QUERIES");
    }

    public void Dispose() => _slots.Dispose();

    internal readonly struct Slot(SemaphoreSlim slots) : IDisposable
    {
        public void Dispose() => slots.Release();
    }
}
