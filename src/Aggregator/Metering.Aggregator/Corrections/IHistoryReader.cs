using Metering.Aggregator.Engine.Corrections;
using Metering.Contracts;

namespace Metering.Aggregator.Corrections;

/// <summary>What happened so far to the few events of a flush that have, or may have, corrections or very old copies.</summary>
internal interface IHistoryReader
{
    /// <param name="before">Records at smaller offsets only, so that a flush that is built again does not find its own.</param>
    /// <returns>An entry for each identity, empty for one that was never seen.</returns>
    Task<IReadOnlyDictionary<EventIdentity, TargetHistory>> ReadAsync(
        int part, long before, IReadOnlyCollection<EventIdentity> identities, CancellationToken cancellationToken);
}
