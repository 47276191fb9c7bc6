namespace Metering.Ingest.Publishing;

/// <summary>
/// The bytes of all requests that are being read or wait for the log, against one limit: what keeps a slow log or a flood of requests from
/// taking the machine's memory. Safe for concurrent use.
/// </summary>
internal sealed class InFlightBytes(long limit)
{
    private long _current;

    public long Current => Volatile.Read(ref _current);

    public Reservation Reserve() => new(this);

    private bool TryAdd(long bytes)
    {
        if (Interlocked.Add(ref _current, bytes) <= limit)
        {
            return true;
        }

        Interlocked.Add(ref _current, -bytes);
        return false;
    }

    /// <summary>One request's share. Used by one thread at a time; disposing it gives everything back.</summary>
    internal sealed class Reservation(InFlightBytes owner) : IDisposable
    {
        public long Bytes { get; private set; }

        /// <returns>False when the limit does not allow it; nothing has changed then.</returns>
        public bool TryGrow(long bytes)
        {
            if (!owner.TryAdd(bytes))
            {
                return false;
            }

            Bytes += bytes;
            return true;
        }

        /// <summary>Exactly this much from now on. More is never refused here: the memory is already taken.</summary>
        public void Set(long bytes)
        {
            Interlocked.Add(ref owner._current, bytes - Bytes);
            Bytes = bytes;
        }

        public void Dispose() => Set(0);
    }
}
