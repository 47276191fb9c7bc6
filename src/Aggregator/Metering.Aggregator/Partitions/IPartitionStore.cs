namespace Metering.Aggregator.Partitions;

/// <summary>Ownership and progress of the partitions. Every write is fenced by the epoch and can be repeated when its outcome is unknown.</summary>
public interface IPartitionStore
{
    /// <summary>Makes the rows of a new topic, or checks that the topic is the one they were made for.</summary>
    /// <exception cref="PartitionStoppedException">It is another topic, or has another partition count.</exception>
    Task InitializeAsync(string topicId, CancellationToken cancellationToken);

    /// <summary>Says that this owner is alive, and asks for its share.</summary>
    Task<Balance> AnnounceAsync(IReadOnlyCollection<int> held, CancellationToken cancellationToken);

    /// <summary>Takes partitions that are free, each under a new epoch.</summary>
    Task<IReadOnlyList<PartitionState>> AcquireAsync(IReadOnlyCollection<int> held, int atMost, CancellationToken cancellationToken);

    /// <summary>Prolongs the leases.</summary>
    /// <returns>The partitions that are still this owner's.</returns>
    Task<IReadOnlySet<int>> RenewAsync(IReadOnlyCollection<(int Part, long Epoch)> held, CancellationToken cancellationToken);

    /// <summary>No longer counts as alive.</summary>
    Task LeaveAsync(CancellationToken cancellationToken);

    /// <summary>Gives the leases back, so that another owner need not wait for them to run out.</summary>
    Task ReleaseAsync(IReadOnlyCollection<(int Part, long Epoch)> held, CancellationToken cancellationToken);

    /// <summary>Records that these ranges are on their way, before the first row is sent.</summary>
    /// <returns>The partitions that are still this owner's.</returns>
    Task<IReadOnlySet<int>> BeginAsync(IReadOnlyCollection<FlushStep> steps, CancellationToken cancellationToken);

    /// <summary>Records that these ranges are in ClickHouse.</summary>
    /// <inheritdoc cref="BeginAsync"/>
    Task<IReadOnlySet<int>> ConfirmAsync(IReadOnlyCollection<FlushStep> steps, CancellationToken cancellationToken);

    /// <summary>Stops a partition for good; only a person starts it again.</summary>
    /// <returns>False when another owner has it: what this one found wrong is then only that it is late.</returns>
    Task<bool> StopAsync(int part, long epoch, string why, CancellationToken cancellationToken);
}
