namespace Metering.Aggregator.Partitions;

/// <summary>One row of <c>partition_state</c>, as its owner took it over.</summary>
/// <param name="Part">The partition; the house partition is one above the last of the first generation.</param>
/// <param name="Epoch">Of this ownership: every write carries it, and a later owner's is higher.</param>
/// <param name="Confirmed">Every record at or below is in ClickHouse.</param>
/// <param name="PendingLo">With <paramref name="PendingHi"/> the flush that was on its way.</param>
/// <param name="FlushNo">Of the last confirmed flush.</param>
/// <param name="Clock">Highest append time among confirmed records.</param>
public sealed record PartitionState(int Part, long Epoch, long Confirmed, long? PendingLo, long? PendingHi, long FlushNo, DateTimeOffset Clock);

/// <summary>The partition must not go on, and why. A person has to decide; nothing was lost or counted twice by stopping.</summary>
public sealed class PartitionStoppedException(int part, string why) : Exception($"Partition {part} is stopped: {why}")
{
    public int Part { get; } = part;

    public string Why { get; } = why;
}

/// <summary>Another owner has taken the partition; everything held for it in memory is void.</summary>
public sealed class PartitionLostException(int part) : Exception($"Partition {part} was taken over by another owner.")
{
    public int Part { get; } = part;
}
