namespace Metering.Aggregator.Meters;

/// <summary>The meters as they are defined.</summary>
public interface IMeterRevisions
{
    /// <summary>All revisions of all meters, in the order of their numbers.</summary>
    Task<IReadOnlyList<CatalogEntry>> ReadAsync(CancellationToken cancellationToken);
}
