using System.Globalization;
using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;
using Metering.Storage.ClickHouse;

namespace Metering.Query.Tests.Testing;

/// <summary>One event as a meter saw it. <paramref name="Sign"/> −1 takes an equal one back.</summary>
internal sealed record Measured(DateTimeOffset Time, string Subject, string[] Groups, Quantity Value, string Id, int Sign = 1);

/// <summary>Writes usage as the aggregator would: deltas of flushes and windows of seals.</summary>
internal static class SeededUsage
{
    private const string NoTime = "toDateTime64('1970-01-01 00:00:00', 7, 'UTC')";
    private const string NoId = "toFixedString('', 16)";

    /// <summary>As the deltas of one flush per event, from the offset on, in partition 0 or 1.</summary>
    public static Task AddDeltasAsync(
        ClickHouseDatabase database, string tenant, int revision, Aggregation aggregation, IEnumerable<Measured> events, long offset = Engines.Folded + 1)
    {
        IEnumerable<string> rows = events.Select((measured, index) =>
            $"({Key(tenant, revision, aggregation, measured)}, {offset % 2}, {offset + index}, {offset + index}, toDateTime('2024-02-01 00:20:00', 'UTC'), {Sums(aggregation, measured)})");
        return InsertAsync(database, "usage_delta (tenant, meter, subject, minute, grp, v, vt, vid, kind, part, lo, hi, at, s, n)", rows);
    }

    /// <summary>As folded by a seal: one row per key.</summary>
    public static Task AddWindowsAsync(
        ClickHouseDatabase database, string tenant, int revision, Aggregation aggregation, IEnumerable<Measured> events, int seal, string kind = "use")
    {
        IEnumerable<string> rows = events.GroupBy(measured => Key(tenant, revision, aggregation, measured, kind)).Select(group =>
        {
            Int128 sum = group.Aggregate((Int128)0, (total, measured) => total + (SumOf(aggregation, measured).Unscaled * measured.Sign));
            return $"({group.Key}, {seal}, toDateTime('2024-02-01 00:10:00', 'UTC'), {Decimal(new Quantity(sum))}, {group.Sum(measured => measured.Sign)})";
        });
        return InsertAsync(database, "usage_window (tenant, meter, subject, minute, grp, v, vt, vid, kind, seal_no, sealed_at, s, n)", rows);
    }

    public static string Text(string value) => $"'{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    public static string Time(DateTimeOffset time) =>
        $"toDateTime64('{time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fffffff", CultureInfo.InvariantCulture)}', 7, 'UTC')";

    public static string Hash(EventIdentity identity) => $"toFixedString(unhex('{identity}'), 16)";

    public static EventIdentity IdentityOf(string tenant, string source, string id) =>
        EventIdentity.Of(System.Text.Encoding.UTF8.GetBytes(tenant), System.Text.Encoding.UTF8.GetBytes(source), System.Text.Encoding.UTF8.GetBytes(id));

    private static string Key(string tenant, int revision, Aggregation aggregation, Measured measured, string? kind = null)
    {
        string groups = string.Join(", ", measured.Groups.Select(Text));
        long minute = measured.Time.ToUnixTimeSeconds() / 60 * 60;
        return $"{Text(tenant)}, {revision}, {Text(measured.Subject)}, toDateTime({minute}, 'UTC'), [{groups}], {Point(aggregation, measured)}, '{kind ?? (measured.Sign > 0 ? "use" : "void")}'";
    }

    private static string Point(Aggregation aggregation, Measured measured) => aggregation switch
    {
        Aggregation.Min or Aggregation.Max => $"{Decimal(measured.Value)}, {NoTime}, {NoId}",
        Aggregation.Latest => $"{Decimal(measured.Value)}, {Time(measured.Time)}, {Hash(IdentityOf("", "", measured.Id))}",
        Aggregation.UniqueCount => $"0, {NoTime}, {Hash(IdentityOf("", "", measured.Value.ToString()))}",
        _ => $"0, {NoTime}, {NoId}",
    };

    private static string Sums(Aggregation aggregation, Measured measured) =>
        $"{Decimal(measured.Sign > 0 ? SumOf(aggregation, measured) : -SumOf(aggregation, measured))}, {measured.Sign}";

    private static Quantity SumOf(Aggregation aggregation, Measured measured) =>
        aggregation is Aggregation.Count or Aggregation.UniqueCount ? Quantity.Zero : measured.Value;

    private static string Decimal(Quantity value) => $"toDecimal128('{value}', 12)";

    private static async Task InsertAsync(ClickHouseDatabase database, string table, IEnumerable<string> rows)
    {
        foreach (string[] chunk in rows.Chunk(500))
        {
            await database.ExecuteAsync($"INSERT INTO {table} VALUES {string.Join(", ", chunk)}", CancellationToken.None);
        }
    }
}
