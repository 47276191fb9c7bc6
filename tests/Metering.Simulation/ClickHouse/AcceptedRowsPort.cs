using Metering.Aggregator.Corrections;
using Metering.Aggregator.Deduplication;
using Metering.Aggregator.Engine.Corrections;
using Metering.Aggregator.Engine.Deduplication;
using Metering.Contracts;
using Metering.Simulation.Running;

namespace Metering.Simulation.ClickHouse;

/// <summary>What was accepted before an offset, as one process reads it from the raw table.</summary>
/// <param name="isBounded">False for look-ups that see rows of any offset, their own flush's too.</param>
internal sealed class AcceptedRowsPort(SimulatedClickHouse clickHouse, Wire wire, bool isBounded) : IAcceptedRows, IHistoryReader
{
    public async Task AddAcceptedAsync(Deduplicator deduplicator, int part, long after, long before, long sinceMs, CancellationToken cancellationToken)
    {
        foreach (RawRow row in await ReadAsync("accepted", part, before, row => row.Offset > after && row.AtMs >= sinceMs, cancellationToken))
        {
            deduplicator.Add(row.Identity, row.PayloadHash, row.AtMs);
        }
    }

    public async Task AddAwaitedAsync(Deduplicator deduplicator, int part, long before, long sinceMs, CancellationToken cancellationToken)
    {
        foreach (RawRow row in await ReadAsync("awaited", part, before, row => row.Kind != RecordKind.Use && row.TargetOffset == 0 && row.AtMs >= sinceMs, cancellationToken))
        {
            deduplicator.Await(row.Target, row.AtMs);
        }
    }

    public async Task<bool> AnyBeforeAsync(int part, long beforeMs, CancellationToken cancellationToken) =>
        (await ReadAsync("older", part, long.MaxValue, row => row.AtMs < beforeMs, cancellationToken)).Length > 0;

    public Task<bool> AnyBetweenAsync(int part, long afterFlush, long beforeFlush, long sinceMs, CancellationToken cancellationToken) => throw NoFiles();

    public Task<AcceptedSum> SumAsync(int part, long firstFlush, long lastFlush, CancellationToken cancellationToken) => throw NoFiles();

    public async Task<IReadOnlyDictionary<EventIdentity, TargetHistory>> ReadAsync(
        int part, long before, IReadOnlyCollection<EventIdentity> identities, CancellationToken cancellationToken)
    {
        Dictionary<EventIdentity, TargetHistory> histories = identities.ToDictionary(identity => identity, _ => new TargetHistory());
        foreach (RawRow row in await ReadAsync("histories", part, before, row => histories.ContainsKey(IdentityOf(row)), cancellationToken))
        {
            Fold(histories[IdentityOf(row)], row);
        }

        return histories;
    }

    private Task<RawRow[]> ReadAsync(string what, int part, long before, Func<RawRow, bool> where, CancellationToken cancellationToken) => wire.CallAsync(
        $"read {what}",
        () => clickHouse.Raw.Rows.Where(row => row.Part == part && (row.Offset < before || !isBounded) && where(row)).OrderBy(row => row.Offset).ToArray(),
        cancellationToken);

    private static EventIdentity IdentityOf(RawRow row) => row.Kind == RecordKind.Use ? row.Identity : row.Target;

    private static void Fold(TargetHistory history, RawRow row)
    {
        EventVersion version = new(
            System.Text.Encoding.UTF8.GetBytes(row.Type), System.Text.Encoding.UTF8.GetBytes(row.Subject), row.Ticks, System.Text.Encoding.UTF8.GetBytes(row.Data), Erased: false);
        switch (row.Kind)
        {
            case RecordKind.Use:
                history.SawOriginal(version, row.Offset, row.PayloadHash, row.AtMs, row.IsBornVoid);
                break;
            case RecordKind.Void:
                history.SawVoid();
                break;
            default:
                history.SawAmendment(version);
                break;
        }
    }

    private static InvalidOperationException NoFiles() => new("The simulation has no segment files, so nobody can ask about them.");
}
