namespace Metering.Aggregator.Partitions;

/// <summary>Keeps the leases while everything else may be waiting for a database, and notices when one is gone.</summary>
internal sealed class LeaseLoop(PartitionStore store, AggregatorOptions options, TimeProvider time)
{
    /// <exception cref="PartitionLostException">Another owner has one of the partitions.</exception>
    public async Task RunAsync(IReadOnlyList<OwnedPartition> owned, CancellationToken cancellationToken)
    {
        (int Part, long Epoch)[] held = [.. owned.Select(one => (one.Part, one.Epoch))];
        using PeriodicTimer timer = new(options.Lease / 3, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            IReadOnlySet<int> kept;
            try
            {
                kept = await store.RenewAsync(held, cancellationToken);
            }
            catch (Exception problem) when (problem is Npgsql.NpgsqlException or TimeoutException)
            {
                // Without PostgreSQL nobody else can take the partitions either, and every write is fenced by the epoch.
                continue;
            }

            if (held.FirstOrDefault(one => !kept.Contains(one.Part), (-1, 0)) is { Part: >= 0 } lost)
            {
                throw new PartitionLostException(lost.Part);
            }
        }
    }
}
