using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Query.Http;
using Metering.Storage.ClickHouse;

namespace Metering.Query.Events;

/// <summary>Lists events from ClickHouse, newest first.</summary>
internal sealed class EventReader(ClickHouseDatabase database)
{
    public async Task<List<EventRow>> ReadAsync(EventQuery query, CancellationToken cancellationToken)
    {
        // Voided events count for nothing but were acknowledged: a listing that hid them would look like loss.
        string text = $"""
            SELECT source, id, type, subject, {ColumnTime.Ticks("time")}, data, attributes, {ColumnTime.Milliseconds("ingested_at")}, problem,
              toUInt8(amended), toUInt8(voided), part, off
            FROM (
              SELECT tenant, source, id, type, subject, time, data, attributes, ingested_at, problem, amended, 0 AS voided, part, off
              FROM usage_events
              UNION ALL
              SELECT tenant, source, id, type, subject, time, data, attributes, ingested_at, problem, 0 AS amended, 1 AS voided, part, off
              FROM usage_event_history
              WHERE kind = 'use' AND event_hash IN (SELECT event_hash FROM usage_event_history WHERE kind = 'void'))
            WHERE {query.Where}
            ORDER BY time DESC, part DESC, off DESC
            LIMIT {query.Limit.ToString(CultureInfo.InvariantCulture)}
            """;
        await using ClickHouseDataReader reader = await database.QueryAsync(text, query.Sql.Parameters, cancellationToken);
        List<EventRow> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(Read(reader));
        }

        return rows;
    }

    private static EventRow Read(ClickHouseDataReader row) => new()
    {
        Source = row.GetString(0),
        Id = row.GetString(1),
        Type = row.GetString(2),
        Subject = row.GetString(3),
        Time = ColumnTime.FromTicks(row.GetInt64(4)),
        Data = row.GetString(5),
        Attributes = row.GetString(6),
        IngestedAt = ColumnTime.FromMilliseconds(row.GetInt64(7)),
        Problem = row.GetString(8),
        Amended = row.GetFieldValue<byte>(9) != 0,
        Voided = row.GetFieldValue<byte>(10) != 0,
        Part = row.GetFieldValue<ushort>(11),
        Offset = row.GetFieldValue<ulong>(12),
    };
}
