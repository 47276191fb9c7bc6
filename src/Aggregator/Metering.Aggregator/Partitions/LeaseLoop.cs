namespace Metering.Aggregator.Partitions;

/// <summary>
/// Keeps the leases while everything else may be waiting for a database, says that this process is alive, and notices when a lease is gone or the
/// partitions have to be spread anew.
/// </summary>
internal sealed class LeaseLoop(IPartitionStore store, AggregatorOptions options, TimeProvider time)
{
    /// <param name="rebalance">Called when partitions have to be given back, or can be taken.</param>
    /// <exception cref="PartitionLostException">Another owner has one of the partitions.</exception>
    public async Task RunAsync(HeldLeases held, Action rebalance, CancellationToken cancellationToken)
    {
        using PeriodicTimer timer = new(options.Lease / 5, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                await RenewAsync(held, cancellationToken);
                int[] parts = [.. held.All.Select(one => one.Part)];
                if ((await store.AnnounceAsync(parts, cancellationToken)).CallsForChange(parts.Length))
                {
                    rebalance();
                }
            }
            catch (Exception problem) when (problem is Npgsql.NpgsqlException or TimeoutException)
            {
                // Without PostgreSQL nobody else can take the partitions either, and every write is fenced by the epoch.
            }
        }
    }

    private async Task RenewAsync(HeldLeases held, CancellationToken cancellationToken)
    {
        IReadOnlyList<(int Part, long Epoch)> leases = held.All;
        IReadOnlySet<int> kept = await store.RenewAsync(leases, cancellationToken);
        foreach ((int part, _) in leases)
        {
            // One that was given back meanwhile is not lost.
            if (!kept.Contains(part) && held.Contains(part))
            {
                throw new PartitionLostException(part);
            }
        }
    }
}
