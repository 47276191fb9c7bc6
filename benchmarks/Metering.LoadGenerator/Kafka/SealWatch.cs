namespace Metering.LoadGenerator.Kafka;

/// <summary>Notes when each seal appears.</summary>
internal sealed class SealWatch(SqlClient sql)
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly List<Seal> _seals = [];

    /// <param name="UpTo">All minutes below are sealed.</param>
    /// <param name="SeenAt">When it was seen first.</param>
    public readonly record struct Seal(DateTimeOffset UpTo, DateTimeOffset SeenAt);

    /// <summary>Watches until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            DateTimeOffset upTo = DateTimeOffset.FromUnixTimeSeconds(await sql.ScalarAsync("SELECT toInt64(toUnixTimestamp(max(upto))) FROM seal_mark", CancellationToken.None));
            lock (_lock)
            {
                if (_seals.Count == 0 || _seals[^1].UpTo < upTo)
                {
                    _seals.Add(new Seal(upTo, DateTimeOffset.UtcNow));
                }
            }

            await Task.Delay(s_poll, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Returns when the minute of a time is sealed.</summary>
    public async Task WaitAsync(DateTimeOffset time, CancellationToken cancellationToken)
    {
        while (SealOf(time) is null)
        {
            await Task.Delay(s_poll, cancellationToken);
        }
    }

    /// <summary>The first seal that covers a time; null while there is none.</summary>
    public Seal? SealOf(DateTimeOffset time)
    {
        lock (_lock)
        {
            int index = _seals.FindIndex(seal => seal.UpTo > time);
            return index < 0 ? null : _seals[index];
        }
    }
}
