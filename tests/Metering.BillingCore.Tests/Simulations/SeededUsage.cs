using System.Globalization;
using System.Text;
using Metering.Aggregator.Engine.Meters;
using Metering.BillingCore.Tests.Testing;
using Metering.Contracts;
using Npgsql;

namespace Metering.BillingCore.Tests.Simulations;

/// <summary>An event that seal <paramref name="Seal"/> folded.</summary>
/// <param name="Kind">A void takes back what it repeats.</param>
internal sealed record Sent(string Customer, string Time, string Value, string Model = "small", string Id = "", int Seal = 1, string Kind = "use")
{
    public DateTimeOffset At => DateTimeOffset.Parse($"2024-01-{Time}", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    public string Identity => Id.Length > 0 ? Id : $"{Customer}-{Time}-{Value}-{Model}";
}

/// <summary>Writes meters, windows and raw events as the query side and the aggregator would.</summary>
internal static class SeededUsage
{
    private const string NoTime = "toDateTime64('1970-01-01 00:00:00', 7, 'UTC')";
    private const string NoId = "toFixedString('', 16)";

    /// <returns>The number of its revision.</returns>
    public static async Task<int> AddMeterAsync(this Engines engines, string tenant, string slug, Aggregation aggregation = Aggregation.Sum)
    {
        SortedDictionary<string, string> groupBy = new(StringComparer.Ordinal) { ["model"] = "$.model" };
        MeterDefinition definition = new(aggregation, "call", null, aggregation == Aggregation.Count ? null : "$.value", groupBy);
        await using NpgsqlCommand command = engines.Postgres.Source.CreateCommand($$"""
            with made as (
              insert into meter (id, tenant, slug, aggregation, event_type, group_by, created_at, updated_at)
              values ('{{tenant}}-{{slug}}', '{{tenant}}', '{{slug}}', '{{aggregation.ToName()}}', 'call', '{"model":"$.model"}', now(), now()) returning id)
            insert into meter_rev (meter_id, definition, state, created_at) select id, '{{definition.ToJson()}}', 'ready', now() from made returning mrev
            """);
        return (int)(await command.ExecuteScalarAsync())!;
    }

    public static async Task AddWindowsAsync(this Engines engines, string tenant, int revision, Aggregation aggregation, params Sent[] events)
    {
        foreach (Sent[] chunk in events.Chunk(500))
        {
            IEnumerable<string> rows = chunk.Select(one => $"""
                ({Text(tenant)}, {revision}, {Text(one.Customer)}, toStartOfMinute({Time(one.At)}), [{Text(one.Model)}], {Point(aggregation, one)}, '{one.Kind}', {one.Seal}, now(), {Sums(aggregation, one)})
                """);
            await engines.ClickHouse.ExecuteAsync(
                $"INSERT INTO usage_window (tenant, meter, subject, minute, grp, v, vt, vid, kind, seal_no, sealed_at, s, n) VALUES {string.Join(", ", rows)}", CancellationToken.None);
        }
    }

    /// <summary>As records of partition 0, at offsets from 1 on, or from 1001 on for what only seal 2 has folded. A correction names the event before it with the same id.</summary>
    public static async Task AddEventsAsync(this Engines engines, string tenant, params Sent[] events)
    {
        int[] offsets = [.. events.Select((one, index) => one.Seal == 1 ? index + 1 : index + 1001)];
        IEnumerable<string> rows = events.Select((one, index) =>
        {
            int original = Array.FindIndex(events, 0, index, other => other.Kind == "use" && other.Identity == one.Identity);
            string identity = Hash(tenant, "test", one.Identity);
            (string own, string target, int targetOffset) = one.Kind == "use" ? (identity, NoId, 0) : (Hash("correction", tenant, offsets[index].ToString(CultureInfo.InvariantCulture)), identity, offsets[original]);
            string data = $$"""{"value":{{one.Value}},"model":"{{one.Model}}"}""";
            return $"({Text(tenant)}, 'call', {Text(one.Customer)}, {Time(one.At)}, 0, {offsets[index]}, now(), {own}, {target}, 'test', {Text(one.Identity)}, {Text(one.Kind == "void" ? "" : data)}, '{one.Kind}', {targetOffset})";
        });
        await engines.ClickHouse.ExecuteAsync(
            $"INSERT INTO usage_raw (tenant, type, subject, time, part, off, at, id_hash, target_hash, source, id, data, kind, target_off) VALUES {string.Join(", ", rows)}", CancellationToken.None);
    }

    private static string Point(Aggregation aggregation, Sent one) => aggregation switch
    {
        Aggregation.Min or Aggregation.Max => $"toDecimal128('{one.Value}', 12), {NoTime}, {NoId}",
        Aggregation.Latest => $"toDecimal128('{one.Value}', 12), {Time(one.At)}, {Hash("", "", one.Identity)}",
        Aggregation.UniqueCount => $"0, {NoTime}, {Hash("", "", one.Value)}",
        _ => $"0, {NoTime}, {NoId}",
    };

    private static string Sums(Aggregation aggregation, Sent one)
    {
        string sign = one.Kind == "void" ? "-" : "";
        return $"{(aggregation is Aggregation.Count or Aggregation.UniqueCount ? "0" : $"toDecimal128('{sign}{one.Value}', 12)")}, {sign}1";
    }

    private static string Text(string value) => $"'{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    private static string Time(DateTimeOffset time) => $"toDateTime64('{time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fffffff", CultureInfo.InvariantCulture)}', 7, 'UTC')";

    private static string Hash(string tenant, string source, string id) =>
        $"toFixedString(unhex('{EventIdentity.Of(Encoding.UTF8.GetBytes(tenant), Encoding.UTF8.GetBytes(source), Encoding.UTF8.GetBytes(id))}'), 16)";
}
