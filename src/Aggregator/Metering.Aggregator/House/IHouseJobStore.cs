namespace Metering.Aggregator.House;

/// <param name="Seq">Its number, and its offset in the house partition.</param>
/// <param name="Args">JSON, by kind.</param>
internal sealed record HouseJob(long Seq, string Kind, string Args, DateTimeOffset CreatedAt);

/// <summary>The house partition's "log", and the back-fill's progress.</summary>
internal interface IHouseJobStore
{
    /// <summary>The first job above a number.</summary>
    Task<HouseJob?> NextAsync(long after, CancellationToken cancellationToken);

    /// <summary>
    /// The revisions whose back-fill is not planned yet although all partitions count for them, and where each partition began: a
    /// closed one, which does not count any more, at the end of time. Oldest first, so that a
    /// meter is never complete before one that was made earlier.
    /// </summary>
    Task<IReadOnlyList<(int Revision, long[] Starts)>> UnplannedAsync(int house, CancellationToken cancellationToken);

    /// <summary>Records all jobs of a revision's back-fill at once, under the house partition's epoch. Repeating it is harmless.</summary>
    /// <returns>False when another owner has the house partition.</returns>
    Task<bool> PlanAsync(int revision, IReadOnlyCollection<string> jobArgs, int housePart, long epoch, CancellationToken cancellationToken);

    /// <summary>
    /// Records repairs found as of a confirmed job of the house partition. The partition's row is held meanwhile, so that jobs become visible in
    /// the order of their numbers and none is passed over.
    /// </summary>
    /// <returns>False when another repair was recorded since: the differences may be its, and adding them again would count twice.</returns>
    Task<bool> AddRepairsAsync(IReadOnlyCollection<string> jobArgs, int housePart, long asOf, CancellationToken cancellationToken);

    /// <summary>A revision is ready when a finished seal holds all of its back-fill; the meter's earlier revisions then retire.</summary>
    /// <returns>The revisions that became ready.</returns>
    Task<IReadOnlyList<int>> MarkReadyAsync(int house, CancellationToken cancellationToken);
}
