using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.Engine.Meters;
using Metering.Billing.Catalog;
using Metering.Billing.Periods;
using Metering.Billing.Unbilled;
using Metering.BillingCore.Metered;
using Metering.Storage.ClickHouse;

namespace Metering.BillingCore.Unbilled;

/// <summary>The sealed windows of one meter: which subjects have usage, and what of it lies in times in which it is not billed.</summary>
internal sealed class UnbilledWindows(ClickHouseDatabase database, string tenant, SealedUsage seal, MeterRevision meter, TimeRange range)
{
    private readonly List<string> _dimensions = [.. meter.Definition.GroupBy.Keys];

    /// <summary>In the order of their UTF-8 bytes.</summary>
    /// <param name="from">The first that may be among them; null for all.</param>
    /// <param name="isPast">Whether that one is not among them.</param>
    public async Task<List<string>> SubjectsAsync(string? only, string? from, bool isPast, int limit, CancellationToken cancellationToken)
    {
        SqlValues sql = new();
        string later = from is null ? "" : $" AND subject {(isPast ? ">" : ">=")} {sql.Text(from)}";
        string one = only is null ? "" : $" AND subject = {sql.Text(only)}";
        string text = $"SELECT DISTINCT subject FROM usage_window WHERE {Sealed(sql)}{later}{one} ORDER BY subject LIMIT {sql.Add(limit, "UInt32")}";
        List<string> subjects = [];
        await using ClickHouseDataReader reader = await database.QueryAsync(text, sql.Parameters, cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            subjects.Add(reader.GetString(0));
        }

        return subjects;
    }

    /// <summary>By subject, key and cell, after the row of the cursor.</summary>
    /// <param name="times">Of these subjects, at least one.</param>
    public async Task<List<UnbilledRow>> ReadAsync(
        string slug, IReadOnlyList<(string Subject, UnbilledTime Time)> times, bool byCell, UnbilledCursor? after, int limit, CancellationToken cancellationToken)
    {
        UnbilledKey[] keys = [.. times.Select(one => KeyOf(one.Time)).Distinct().Order()];
        FilterSets sets = new();
        ScopeRange[] ranges = [.. times.Select(one => (one.Subject, one.Time.Time, Key: Array.BinarySearch(keys, KeyOf(one.Time)), Set: sets.IndexOf(one.Time.Billed)))
            .Select(one => new ScopeRange((one.Set * keys.Length) + one.Key, one.Subject, one.Time))];
        SqlValues sql = new();
        int cells = byCell ? _dimensions.Count : 0;
        await using ClickHouseDataReader reader = await database.QueryAsync(Text(ranges, keys, sets, cells, after, limit, sql), sql.Parameters, cancellationToken);
        List<UnbilledRow> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            CellKey cell = new(Enumerable.Range(0, cells).Select(i => KeyValuePair.Create(_dimensions[i], reader.GetString(2 + i))));
            rows.Add(new UnbilledRow(
                slug, reader.GetString(0), keys[(int)reader.GetFieldValue<uint>(1)], cell, AggregateColumns.QuantityOf(reader, 2 + cells, meter.Definition.Aggregation), reader.GetInt64(3 + cells),
                DateTimeOffset.FromUnixTimeSeconds(reader.GetInt64(5 + cells)), DateTimeOffset.FromUnixTimeSeconds(reader.GetInt64(6 + cells))));
        }

        return rows;
    }

    /// <summary>Whether a filter names only what the meter has. Billing holds usage that it cannot filter, so it is not unbilled.</summary>
    public bool CanFilter(UnbilledTime time) => time.Billed.All(source => source.Filter.Keys.All(_dimensions.Contains));

    private static UnbilledKey KeyOf(UnbilledTime time) => new(time.Reason, time.Customer, time.Subscription);

    private string Text(ScopeRange[] ranges, UnbilledKey[] keys, FilterSets sets, int cells, UnbilledCursor? after, int limit, SqlValues sql)
    {
        Aggregation aggregation = meter.Definition.Aggregation;
        string count = keys.Length.ToString(CultureInfo.InvariantCulture);
        string groups = string.Concat(Enumerable.Range(0, cells).Select(i => string.Create(CultureInfo.InvariantCulture, $", g{i}")));
        string columns = string.Concat(Enumerable.Range(0, cells).Select(i => string.Create(CultureInfo.InvariantCulture, $", w.grp[{i + 1}] AS g{i}")));
        string points = aggregation.KeepsPoints() ? ", v, vt, vid" : "";
        return $"""
            WITH ranges AS ({ScopeRange.Table(ranges)})
            SELECT subject, key{groups}, toString(sum(ps)) AS total, toInt64(sum(pn)) AS events, {AggregateColumns.Value(aggregation)} AS value,
              toInt64(toUnixTimestamp(min(minute))) AS first, toInt64(toUnixTimestamp(max(minute))) AS last
            FROM (
              SELECT w.subject AS subject, toUInt32(r.scope % {count}) AS key{columns}{points}, w.minute AS minute, sum(toDecimal256(w.s, 12)) AS ps, sum(w.n) AS pn
              FROM (SELECT subject, minute, grp, v, vt, vid, s, n FROM usage_window FINAL WHERE {Sealed(sql)} AND subject IN (SELECT subject FROM ranges)) AS w
              JOIN ranges AS r ON w.subject = r.subject
              WHERE toInt64(toUnixTimestamp(w.minute)) >= r.from_s AND toInt64(toUnixTimestamp(w.minute)) < r.to_s{LeftOut(sets, count, sql)}
              GROUP BY subject, key{groups}{points}, minute
              HAVING pn > 0)
            GROUP BY subject, key{groups}
            {Later(keys, groups, after, sql)}
            ORDER BY subject, key{groups}
            LIMIT {sql.Add(limit, "UInt32")}
            """;
    }

    private string Sealed(SqlValues sql) =>
        $"tenant = {sql.Text(tenant)} AND meter = {sql.Add(meter.Number, "UInt32")} AND minute >= {sql.Minute(range.Start)} AND minute < {sql.Minute(range.End)}"
        + $" AND seal_no <= {sql.Add(seal.Number, "UInt64")} AND (kind != 'history' OR seal_no <= {sql.Add(seal.ApprovedHistory, "UInt64")})";

    private string LeftOut(FilterSets sets, string count, SqlValues sql) => string.Concat(sets.All.Index().Where(set => set.Item.Count > 0).Select(set =>
        string.Create(CultureInfo.InvariantCulture, $" AND NOT (intDiv(r.scope, {count}) = {set.Index} AND ({string.Join(" OR ", set.Item.Select(source => Passes(source, sql)))}))")));

    private string Passes(UsageSource source, SqlValues sql) => "(" + string.Join(" AND ", source.Filter.Select(one =>
        string.Create(CultureInfo.InvariantCulture, $"w.grp[{_dimensions.IndexOf(one.Key) + 1}] IN {sql.Texts(one.Value)}"))) + ")";

    /// <summary>A key that is gone since the page before stands for the first one after it.</summary>
    private static string Later(UnbilledKey[] keys, string groups, UnbilledCursor? after, SqlValues sql)
    {
        if (after is not { Row: { } row })
        {
            return "";
        }

        int index = Array.BinarySearch(keys, row);
        string subject = sql.Text(after.Subject);
        return index < 0
            ? $"HAVING (subject, key) >= ({subject}, {sql.Add(~index, "UInt32")})"
            : $"HAVING (subject, key{groups}) > ({subject}, {sql.Add(index, "UInt32")}{string.Concat(after.Cell.Select(value => $", {sql.Text(value)}"))})";
    }

    /// <summary>The different things that are billed all the same, numbered.</summary>
    private sealed class FilterSets
    {
        private readonly Dictionary<string, int> _numbers = [];
        private readonly List<IReadOnlyList<UsageSource>> _all = [];

        public IReadOnlyList<IReadOnlyList<UsageSource>> All => _all;

        public int IndexOf(IReadOnlyList<UsageSource> sources)
        {
            string identity = string.Join("\n", sources.Select(Identity).Order(StringComparer.Ordinal));
            if (!_numbers.TryGetValue(identity, out int number))
            {
                _numbers.Add(identity, number = _all.Count);
                _all.Add(sources);
            }

            return number;
        }

        private static string Identity(UsageSource source) => System.Text.Json.JsonSerializer.Serialize(
            source.Filter.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => (string[])[one.Key, .. one.Value.Order(StringComparer.Ordinal)]));
    }
}
