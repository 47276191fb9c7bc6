using System.Globalization;
using Metering.Aggregator.Engine.Meters;
using Metering.Query.Filters;
using Metering.Query.Windows;

namespace Metering.Query.Usage;

/// <summary>
/// The statement of a usage query. Points are summed up first and those that came to nothing dropped, so that what was voided is gone from every
/// aggregation; then each window and group is reduced to one row: window key, first and last minute, groups, total, events, value.
/// </summary>
internal sealed class UsageSql
{
    private readonly UsagePlan _plan;
    private readonly FilterSql _sql = new();

    private UsageSql(UsagePlan plan) => _plan = plan;

    public IReadOnlyList<(string Name, object Value)> Parameters => _sql.Parameters;

    public string Text { get; private set; } = "";

    public static UsageSql Of(UsagePlan plan, int maxRows)
    {
        UsageSql statement = new(plan);
        statement.Text = statement.Write(maxRows);
        return statement;
    }

    private string Write(int maxRows)
    {
        Aggregation aggregation = _plan.Revision.Definition.Aggregation;
        List<string> names = [.. _plan.GroupBy.Index().Select(entry => string.Create(CultureInfo.InvariantCulture, $"g{entry.Index}"))];
        IEnumerable<string> columns = _plan.GroupBy.Zip(names, (column, name) => $"{UsageColumns.Of(_plan.Revision, column)} AS {name}, ");
        string groups = string.Concat(names.Select(name => $"{name}, "));
        string points = aggregation.KeepsPoints() ? "v, vt, vid, " : "";
        return $"""
            SELECT w, toInt64(toUnixTimestamp(min(m))) AS first, toInt64(toUnixTimestamp(max(m))) AS last, {groups}toString(sum(ps)) AS total,
              toInt64(sum(pn)) AS events, {Value(aggregation)} AS value
            FROM (
              SELECT {WindowKey()} AS w, {Minute()} AS m, {string.Concat(columns)}{points}sum(toDecimal256(s, 12)) AS ps, sum(n) AS pn
              FROM {UsageColumns.Source(_plan.Request, _sql)}
              WHERE {UsageColumns.Where(_plan, _sql)}
              GROUP BY {groups}{points}w, m
              HAVING pn > 0)
            GROUP BY {groups}w
            ORDER BY {string.Join(", ", names.Prepend("w"))}
            LIMIT {(maxRows + 1L).ToString(CultureInfo.InvariantCulture)}
            """;
    }

    private string WindowKey()
    {
        if (_plan.Windows is not { } windows)
        {
            return "toInt64(0)";
        }

        _sql.AddNamed(WindowKeySql.Parameters(windows));
        return WindowKeySql.Expression(windows);
    }

    /// <summary>Kept apart only where the answer needs the first and last minute with usage: without a window size and without both bounds.</summary>
    private string Minute() => _plan.Windows is null && (_plan.Request.From is null || _plan.Request.To is null) ? "minute" : "toDateTime(0, 'UTC')";

    /// <summary>What the total and the number of events do not tell.</summary>
    private static string Value(Aggregation aggregation) => aggregation switch
    {
        Aggregation.Sum or Aggregation.Count or Aggregation.Avg => "''",
        Aggregation.Min => "toString(min(v))",
        Aggregation.Max => "toString(max(v))",
        Aggregation.Latest => "toString(argMax(v, (vt, vid)))",
        Aggregation.UniqueCount => "toString(uniqExact(vid))",
    };
}
