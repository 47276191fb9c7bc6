namespace Metering.Aggregator.Sealing;

/// <param name="Number">1, 2, 3, …</param>
/// <param name="Upto">Minutes below are sealed.</param>
/// <param name="Cut">Confirmed offset per partition, the house partition and those of closed generations too: deltas above belong to a later seal.</param>
public sealed record Seal(long Number, DateTimeOffset Upto, long[] Cut, DateTimeOffset SealedAt)
{
    /// <summary>Before the first: nothing is sealed.</summary>
    public static Seal None { get; } = new(0, new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero), [], default);
}
