using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Query.Filters;
using Metering.Query.Http;
using Metering.Storage.ClickHouse;

namespace Metering.Query.DeadLetters;

/// <summary>Dead letters in ClickHouse, newest first.</summary>
internal sealed class DeadLetterReader(ClickHouseDatabase database)
{
    public Task<List<DeadLetter>> ListAsync(DeadLetterQuery query, CancellationToken cancellationToken) =>
        ReadAsync(query.Where, query.Sql, query.Limit, cancellationToken);

    public async Task<DeadLetter?> FindAsync(string tenant, int part, ulong offset, CancellationToken cancellationToken)
    {
        FilterSql sql = new();
        string where = $"tenant = {sql.Text(tenant)} AND part = {sql.Add(part, "UInt16")} AND off = {sql.Add(offset, "UInt64")}";
        return (await ReadAsync(where, sql, 1, cancellationToken)).FirstOrDefault();
    }

    /// <summary>Remembers that its event was sent again. Repeating it changes nothing but the time.</summary>
    public Task MarkReplayedAsync(int part, ulong offset, DateTimeOffset at, CancellationToken cancellationToken) => database.ExecuteAsync(
        "INSERT INTO dead_letter_replay (part, off, replayed_at) SELECT {part:UInt16}, {off:UInt64}, fromUnixTimestamp64Milli({at:Int64}, 'UTC')",
        [("part", part), ("off", offset), ("at", at.ToUnixTimeMilliseconds())],
        cancellationToken);

    private async Task<List<DeadLetter>> ReadAsync(string where, FilterSql sql, int limit, CancellationToken cancellationToken)
    {
        string text = $"""
            SELECT part, off, code, message, {ColumnTime.Milliseconds("at")}, source, id, base64Encode(raw), toUInt8(replayed),
              {ColumnTime.Milliseconds("replayed_at")}
            FROM dead_letters
            WHERE {where}
            ORDER BY at DESC, part DESC, off DESC, code
            LIMIT {limit.ToString(CultureInfo.InvariantCulture)}
            """;
        await using ClickHouseDataReader reader = await database.QueryAsync(text, sql.Parameters, cancellationToken);
        List<DeadLetter> letters = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            letters.Add(Read(reader));
        }

        return letters;
    }

    private static DeadLetter Read(ClickHouseDataReader row) => new()
    {
        Part = row.GetFieldValue<ushort>(0),
        Offset = row.GetFieldValue<ulong>(1),
        Code = row.GetString(2),
        Message = row.GetString(3),
        At = ColumnTime.FromMilliseconds(row.GetInt64(4)),
        Source = row.GetString(5),
        Id = row.GetString(6),
        Raw = Convert.FromBase64String(row.GetString(7)),
        ReplayedAt = row.GetFieldValue<byte>(8) != 0 ? ColumnTime.FromMilliseconds(row.GetInt64(9)) : null,
    };
}
