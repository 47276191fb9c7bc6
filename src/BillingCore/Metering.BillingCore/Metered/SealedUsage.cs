using ClickHouse.Driver.ADO.Readers;
using Metering.Storage.ClickHouse;

namespace Metering.BillingCore.Metered;

/// <summary>Usage as it was known when: rows of seals up to one, and history of seals up to another. The answer never changes.</summary>
/// <param name="Number">A done seal.</param>
/// <param name="Upto">Minutes before it are sealed.</param>
/// <param name="Cut">The last offset of each partition that it has folded.</param>
internal sealed record SealedUsage(long Number, DateTimeOffset Upto, ulong[] Cut)
{
    /// <summary>History is what came when it was older than the horizon. It counts in what is billed first; in what was billed, from its approval.</summary>
    public long ApprovedHistory { get; init; } = Number;

    /// <returns>Null when no seal is done, or not this one.</returns>
    public static async Task<SealedUsage?> FindAsync(ClickHouseDatabase database, long? number, CancellationToken cancellationToken)
    {
        SqlValues sql = new();
        string condition = number is { } one ? $"seal_no = {sql.Add(one, "UInt64")}" : "seal_no > 0";
        await using ClickHouseDataReader reader = await database.QueryAsync(
            $"SELECT toInt64(seal_no), toInt64(toUnixTimestamp(upto)), cut FROM seal_mark FINAL WHERE {condition} ORDER BY seal_no DESC LIMIT 1", sql.Parameters, cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new SealedUsage(reader.GetInt64(0), DateTimeOffset.FromUnixTimeSeconds(reader.GetInt64(1)), reader.GetFieldValue<ulong[]>(2))
            : null;
    }
}
