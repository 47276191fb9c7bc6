using Metering.Aggregator.Engine.Meters;

namespace Metering.Aggregator.Meters;

/// <summary>
/// Says from which offset on a partition counts events for a revision. Written between two flushes, under the partition's epoch, so that a
/// rebuilt flush sees exactly the revisions its first build saw.
/// </summary>
public interface IMeterRanges
{
    /// <summary>Begins revisions the partition does not have yet and ends retired ones, both after what is confirmed.</summary>
    /// <returns>False when the partition has another owner, or a flush is on its way.</returns>
    Task<bool> RegisterAsync(int part, long epoch, CancellationToken cancellationToken);

    /// <summary>The revisions active for a flush that begins at an offset.</summary>
    Task<MeterSet> ActiveAsync(int part, long lo, CancellationToken cancellationToken);
}
