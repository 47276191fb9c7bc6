using Metering.Aggregator;
using Metering.Aggregator.Partitions;
using Metering.Simulation.Running;

namespace Metering.Simulation.Postgres;

/// <summary>Ownership and progress as one process reaches them.</summary>
internal sealed class PartitionStorePort(PartitionTable table, Wire wire, AggregatorOptions options) : IPartitionStore
{
    public Task InitializeAsync(string topicId, CancellationToken cancellationToken) =>
        wire.CallAsync("initialize", () => table.Initialize(topicId), cancellationToken);

    public Task<Balance> AnnounceAsync(IReadOnlyCollection<int> held, CancellationToken cancellationToken) =>
        wire.CallAsync("announce", () => table.Announce(options.Owner, options.Lease, held), cancellationToken);

    public Task<IReadOnlyList<PartitionState>> AcquireAsync(IReadOnlyCollection<int> held, int atMost, CancellationToken cancellationToken) =>
        wire.CallAsync("acquire", () => table.Acquire(options.Owner, options.Lease, held, atMost), cancellationToken);

    public Task<IReadOnlySet<int>> RenewAsync(IReadOnlyCollection<(int Part, long Epoch)> held, CancellationToken cancellationToken) =>
        wire.CallAsync("renew", () => table.Renew(options.Lease, held), cancellationToken);

    public Task LeaveAsync(CancellationToken cancellationToken) => DoAsync("leave", () => table.Leave(options.Owner), cancellationToken);

    public Task ReleaseAsync(IReadOnlyCollection<(int Part, long Epoch)> held, CancellationToken cancellationToken) =>
        DoAsync("release", () => table.Release(held), cancellationToken);

    public Task<IReadOnlySet<int>> BeginAsync(IReadOnlyCollection<FlushStep> steps, CancellationToken cancellationToken) =>
        ForEachAsync("begin", steps, step => table.Begin(step, options.Lease), cancellationToken);

    public Task<IReadOnlySet<int>> ConfirmAsync(IReadOnlyCollection<FlushStep> steps, CancellationToken cancellationToken) =>
        ForEachAsync("confirm", steps, step => table.Confirm(step, options.Lease), cancellationToken);

    public Task<bool> StopAsync(int part, long epoch, string why, CancellationToken cancellationToken) => wire.CallAsync("stop", () => table.Stop(part, epoch, why), cancellationToken);

    private Task<IReadOnlySet<int>> ForEachAsync(string name, IReadOnlyCollection<FlushStep> steps, Func<FlushStep, bool> write, CancellationToken cancellationToken) =>
        wire.CallAsync<IReadOnlySet<int>>(name, () => steps.Where(write).Select(step => step.Part).ToHashSet(), cancellationToken, rows: table.Locks);

    private Task<bool> DoAsync(string name, Action write, CancellationToken cancellationToken) => wire.CallAsync(
        name,
        () =>
        {
            write();
            return true;
        },
        cancellationToken);
}
