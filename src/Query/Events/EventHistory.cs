using System.Text;
using System.Text.Json;
using ClickHouse.Driver.ADO.Readers;
using Metering.Contracts;
using Metering.Query.Filters;
using Metering.Query.Http;
using Metering.Storage.ClickHouse;

namespace Metering.Query.Events;

/// <summary>One record about an event: the event itself, a void or an amendment.</summary>
internal sealed record EventRecord(
    string Kind, string Type, string Subject, DateTimeOffset Time, string Data, DateTimeOffset At, string Reason, string Key, string Problem, int Part, ulong Offset);

/// <summary>Everything that is known about one event, found by its identity.</summary>
internal sealed class EventHistory(ClickHouseDatabase database)
{
    /// <summary>In the order of the log, which is the order in which they took effect.</summary>
    public async Task<List<EventRecord>> ReadAsync(string tenant, string source, string id, CancellationToken cancellationToken)
    {
        FilterSql sql = new();
        EventIdentity identity = EventIdentity.Of(Encoding.UTF8.GetBytes(tenant), Encoding.UTF8.GetBytes(source), Encoding.UTF8.GetBytes(id));
        string hash = $"toFixedString(unhex({sql.Text(identity.ToString())}), 16)";
        string text = $"""
            WITH (SELECT groupArray(hi) FROM (SELECT part, hi FROM flush_mark FINAL ORDER BY part)) AS fm
            SELECT toString(kind), type, subject, {ColumnTime.Ticks("time")}, data, {ColumnTime.Milliseconds("at")}, reason, key, problem, part, off
            FROM usage_raw_rows
            WHERE tenant = {sql.Text(tenant)} AND (id_hash = {hash} OR target_hash = {hash}) AND off <= fm[part + 1]
            ORDER BY part, off
            """;
        await using ClickHouseDataReader reader = await database.QueryAsync(text, sql.Parameters, cancellationToken);
        List<EventRecord> records = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            records.Add(Read(reader));
        }

        return records;
    }

    public static void Write(Utf8JsonWriter json, EventRecord record)
    {
        json.WriteStartObject();
        json.WriteString("kind", record.Kind);
        json.WriteString("at", record.At.UtcDateTime);
        WriteText(json, "key", record.Key);
        WriteText(json, "reason", record.Reason);
        WriteText(json, "problem", record.Problem);
        if (record.Kind != "void")
        {
            json.WriteString("type", record.Type);
            json.WriteString("subject", record.Subject);
            json.WriteString("time", record.Time.UtcDateTime);
        }

        if (record.Data.Length > 0)
        {
            EventJson.WriteRaw(json, "data", record.Data);
        }

        json.WriteNumber("part", record.Part);
        json.WriteNumber("off", record.Offset);
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string text)
    {
        if (text.Length > 0)
        {
            json.WriteString(name, text);
        }
    }

    private static EventRecord Read(ClickHouseDataReader row) => new(
        row.GetString(0),
        row.GetString(1),
        row.GetString(2),
        ColumnTime.FromTicks(row.GetInt64(3)),
        row.GetString(4),
        ColumnTime.FromMilliseconds(row.GetInt64(5)),
        row.GetString(6),
        row.GetString(7),
        row.GetString(8),
        row.GetFieldValue<ushort>(9),
        row.GetFieldValue<ulong>(10));
}
