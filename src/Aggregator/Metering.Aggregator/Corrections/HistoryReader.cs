using System.Globalization;
using System.Text;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.Engine.Corrections;
using Metering.Contracts;
using Metering.Storage.ClickHouse;

namespace Metering.Aggregator.Corrections;

/// <summary>Reads histories from the raw table.</summary>
internal sealed class HistoryReader(ClickHouseDatabase database) : IHistoryReader
{
    /// <summary>Identities a statement; each is 33 characters of it.</summary>
    private const int ChunkSize = 20_000;

    public async Task<IReadOnlyDictionary<EventIdentity, TargetHistory>> ReadAsync(
        int part, long before, IReadOnlyCollection<EventIdentity> identities, CancellationToken cancellationToken)
    {
        Dictionary<EventIdentity, TargetHistory> histories = identities.ToDictionary(identity => identity, _ => new TargetHistory());
        foreach (EventIdentity[] chunk in identities.Chunk(ChunkSize))
        {
            await ReadChunkAsync(histories, part, before, chunk, cancellationToken);
        }

        return histories;
    }

    private async Task ReadChunkAsync(
        Dictionary<EventIdentity, TargetHistory> histories, int part, long before, EventIdentity[] chunk, CancellationToken cancellationToken)
    {
        string ids = string.Join(',', chunk);
        string wanted = $"(SELECT toFixedString(unhex(arrayJoin(splitByChar(',', '{ids}'))), 16))";
        string sql = string.Create(CultureInfo.InvariantCulture, $"""
            SELECT lower(hex(if(kind = 'use', id_hash, target_hash))) AS event_hash, toString(kind) AS kind, off, toUnixTimestamp64Milli(at) AS at_ms, payload_hash, type, subject,
              reinterpretAsInt64(time) AS ticks, base64Encode(data) AS data64, ver, born_void
            FROM usage_raw FINAL
            WHERE off < {before} AND ((kind = 'use' AND id_hash IN {wanted}) OR (kind != 'use' AND target_hash IN {wanted}))
            ORDER BY off SETTINGS max_query_size = 16777216
            """);
        await using ClickHouseDataReader reader = await database.QueryAsync(sql, [], cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Fold(histories[EventIdentity.Parse(reader.GetString(0))], reader);
        }
    }

    private static void Fold(TargetHistory history, ClickHouseDataReader reader)
    {
        EventVersion version = new(
            Encoding.UTF8.GetBytes(reader.GetString(5)),
            Encoding.UTF8.GetBytes(reader.GetString(6)),
            DateTimeOffset.UnixEpoch.Ticks + reader.GetFieldValue<long>(7),
            Convert.FromBase64String(reader.GetString(8)),
            Erased: reader.GetFieldValue<byte>(9) != 0);
        switch (reader.GetString(1))
        {
            case "use":
                history.SawOriginal(version, (long)reader.GetFieldValue<ulong>(2), reader.GetFieldValue<ulong>(4), reader.GetFieldValue<long>(3), bornVoid: reader.GetFieldValue<byte>(10) != 0);
                break;
            case "void":
                history.SawVoid();
                break;
            default:
                history.SawAmendment(version);
                break;
        }
    }
}
