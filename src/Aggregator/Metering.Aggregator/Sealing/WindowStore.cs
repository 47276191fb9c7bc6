using ClickHouse.Driver.ADO.Readers;
using Metering.Storage.ClickHouse;

namespace Metering.Aggregator.Sealing;

/// <summary>Windows and deltas in ClickHouse.</summary>
internal sealed class WindowStore(ClickHouseDatabase database) : IWindowStore
{
    private const string Folded =
        """
        SELECT tenant, meter, subject, minute, grp, v, vt, vid, kind, {seal:UInt64} AS seal_no, {at:DateTime('UTC')} AS sealed_at, sum(s) AS s, sum(n) AS n
        FROM usage_delta FINAL
        WHERE minute < {upto:DateTime('UTC')} AND hi <= {cut:Array(UInt64)}[part + 1]
          AND (hi > {previous_cut:Array(UInt64)}[part + 1] OR minute >= {previous_upto:DateTime('UTC')})
        GROUP BY tenant, meter, subject, minute, grp, v, vt, vid, kind
        """;

    // A sealer that slept through its successor's seal would fold what is left after deltas were dropped.
    private const string Insert =
        "INSERT INTO usage_window (tenant, meter, subject, minute, grp, v, vt, vid, kind, seal_no, sealed_at, s, n) SELECT * FROM (" + Folded + ") WHERE (SELECT max(seal_no) FROM seal_mark) < {seal:UInt64}";

    /// <summary>The sums in 256 bits, because ClickHouse wraps Decimal(38, 12) silently.</summary>
    private const string ToFold = "SELECT count(), toString(sum(n)), toString(sum(toDecimal256(s, 12))) FROM (" + Folded + ")";

    private const string Corrections = "SELECT count() FROM usage_window FINAL WHERE seal_no = {seal:UInt64} AND minute < {previous_upto:DateTime('UTC')}";

    private const string Stored = "SELECT count(), toString(sum(n)), toString(sum(toDecimal256(s, 12))) FROM usage_window FINAL WHERE seal_no = {seal:UInt64}";

    private const string Mark =
        "INSERT INTO seal_mark (seal_no, upto, cut, sealed_at) SELECT {seal:UInt64}, {upto:DateTime('UTC')}, {cut:Array(UInt64)}, {at:DateTime('UTC')}";

    public Task<WindowSum> SumDeltasAsync(Seal seal, Seal previous, CancellationToken cancellationToken) =>
        SumAsync(ToFold, Parameters(seal, previous), cancellationToken);

    public Task<WindowSum> SumSealAsync(Seal seal, CancellationToken cancellationToken) => SumAsync(Stored, [("seal", seal.Number)], cancellationToken);

    public Task FoldAsync(Seal seal, Seal previous, CancellationToken cancellationToken) =>
        database.ExecuteAsync(Insert, Parameters(seal, previous), cancellationToken);

    public Task MarkAsync(Seal seal, CancellationToken cancellationToken) => database.ExecuteAsync(Mark, Parameters(seal), cancellationToken);

    public Task<long> NewestMarkAsync(CancellationToken cancellationToken) => CountAsync("SELECT max(seal_no) FROM seal_mark", [], cancellationToken);

    public Task<long> CountCorrectionsAsync(Seal seal, Seal previous, CancellationToken cancellationToken) =>
        CountAsync(Corrections, Parameters(seal, previous), cancellationToken);

    private async Task<WindowSum> SumAsync(string sql, (string Name, object Value)[] parameters, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await database.QueryAsync(sql, parameters, cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new WindowSum((long)reader.GetFieldValue<ulong>(0), reader.GetString(1), reader.GetString(2));
    }

    private async Task<long> CountAsync(string sql, (string Name, object Value)[] parameters, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await database.QueryAsync(sql, parameters, cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (long)reader.GetFieldValue<ulong>(0);
    }

    private static (string Name, object Value)[] Parameters(Seal seal, Seal previous) =>
        [.. Parameters(seal), ("previous_cut", Unsigned(previous.Cut)), ("previous_upto", previous.Upto.UtcDateTime)];

    private static (string Name, object Value)[] Parameters(Seal seal) =>
        [("seal", seal.Number), ("at", seal.SealedAt.UtcDateTime), ("upto", seal.Upto.UtcDateTime), ("cut", Unsigned(seal.Cut))];

    private static ulong[] Unsigned(long[] offsets) => Array.ConvertAll(offsets, offset => (ulong)offset);
}
