using Metering.Contracts;
using Metering.Storage.ClickHouse;

namespace Metering.Query.Tests.Testing;

/// <summary>One accepted record of the log. <c>target</c> is set for voids and amendments.</summary>
internal sealed record RawRecord(
    string Id, DateTimeOffset Time, string Data = "", string Kind = "use", string Type = "call", string Subject = "alice", string Reason = "", string Problem = "", string Attributes = "");

/// <summary>Writes raw events and dead letters as the aggregator would.</summary>
internal static class SeededEvents
{
    public const string Source = "test";

    public static Task AddAsync(ClickHouseDatabase database, string tenant, long offset, params RawRecord[] records) =>
        AddAsync(database, tenant, offset, Source, records);

    public static async Task AddAsync(ClickHouseDatabase database, string tenant, long offset, string source, params RawRecord[] records)
    {
        IEnumerable<string> rows = records.Select((record, index) => Row(tenant, offset, index, source, records));
        await database.ExecuteAsync($"""
            INSERT INTO usage_raw (tenant, type, subject, time, part, off, at, id_hash, target_hash, source, id, data, attributes, kind, target_off, born_void, reason, problem)
            VALUES {string.Join(", ", rows)}
            """, CancellationToken.None);
    }

    public static Task AddDeadLetterAsync(ClickHouseDatabase database, string tenant, long offset, DateTimeOffset at, string code, string id, byte[] raw) =>
        database.ExecuteAsync($"""
            INSERT INTO dead_letter (part, off, code, message, at, tenant, source, id, raw)
            VALUES (0, {offset}, {SeededUsage.Text(code)}, 'because', {SeededUsage.Time(at)}, {SeededUsage.Text(tenant)}, '{Source}', {SeededUsage.Text(id)}, unhex('{Convert.ToHexString(raw)}'))
            """, CancellationToken.None);

    /// <summary>A correction knows the event it found before it; an event knows that a correction came first.</summary>
    private static string Row(string tenant, long first, int index, string source, RawRecord[] records)
    {
        RawRecord record = records[index];
        long offset = first + index;
        int original = Array.FindIndex(records, 0, index, one => one.Kind == "use" && one.Id == record.Id);
        long targetOffset = record.Kind != "use" && original >= 0 ? first + original : 0;
        bool bornVoid = record.Kind == "use" && Array.Exists(records[..index], one => one.Kind != "use" && one.Id == record.Id);
        string identity = SeededUsage.Hash(SeededUsage.IdentityOf(tenant, source, record.Id));
        string none = SeededUsage.Hash(default);
        string own = SeededUsage.Hash(new EventIdentity(1, (ulong)offset));
        (string idHash, string targetHash) = record.Kind == "use" ? (identity, none) : (own, identity);
        return $"""
            ({SeededUsage.Text(tenant)}, {SeededUsage.Text(record.Type)}, {SeededUsage.Text(record.Subject)}, {SeededUsage.Time(record.Time)}, 0, {offset},
             {SeededUsage.Time(record.Time.AddSeconds(5))}, {idHash}, {targetHash}, '{source}', {SeededUsage.Text(record.Id)}, {SeededUsage.Text(record.Data)},
             {SeededUsage.Text(record.Attributes)}, '{record.Kind}', {targetOffset}, {(bornVoid ? 1 : 0)}, {SeededUsage.Text(record.Reason)}, {SeededUsage.Text(record.Problem)})
            """;
    }
}
