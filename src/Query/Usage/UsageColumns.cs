using System.Globalization;
using System.Text.Json;
using Metering.Query.Filters;
using Metering.Query.Http;
using Metering.Query.Meters;

namespace Metering.Query.Usage;

/// <summary>How names of a query become columns of <c>usage_values</c>, and its filters conditions on them.</summary>
internal static class UsageColumns
{
    public const string Subject = "subject";

    /// <summary>A dimension is a position in <c>grp</c>; the name itself is never part of the SQL.</summary>
    public static string Of(ServingRevision revision, string name) => name == Subject
        ? Subject
        : string.Create(CultureInfo.InvariantCulture, $"grp[{Position(revision, name)}]");

    public static string Source(UsageRequest request, FilterSql sql) => request.AsOf is { } seal
        ? $"(SELECT * FROM usage_window FINAL WHERE seal_no <= {sql.Add(seal, "UInt64")})"
        : "usage_values";

    public static string Where(UsagePlan plan, FilterSql sql)
    {
        List<string> conditions =
        [
            $"tenant = {sql.Text(plan.Tenant)}",
            $"meter = {sql.Add(plan.Revision.Number, "UInt32")}",
        ];
        conditions.AddRange(TimeConditions(plan.Request, sql));
        if (plan.Request.Subjects.Count > 0)
        {
            conditions.Add($"subject IN {sql.Texts(plan.Request.Subjects)}");
        }

        conditions.AddRange(GroupConditions(plan, sql));
        return string.Join(" AND ", conditions);
    }

    private static IEnumerable<string> TimeConditions(UsageRequest request, FilterSql sql)
    {
        if (request.From is { } from)
        {
            yield return $"minute >= toDateTime({sql.Add(MinuteRange.Clamp(from).ToUnixTimeSeconds(), "Int64")}, 'UTC')";
        }

        if (request.To is { } to)
        {
            yield return $"minute < toDateTime({sql.Add(MinuteRange.Clamp(to).ToUnixTimeSeconds(), "Int64")}, 'UTC')";
        }
    }

    private static IEnumerable<string> GroupConditions(UsagePlan plan, FilterSql sql)
    {
        foreach ((string name, IReadOnlyList<string> values) in plan.Request.FilterGroupBy)
        {
            yield return $"{Of(plan.Revision, name)} IN {sql.Texts(values)}";
        }

        if (plan.Request.AdvancedFilters is { } advanced)
        {
            FilterReader filters = new(sql);
            foreach (JsonProperty entry in JsonFields.Of(advanced, "advancedMeterGroupByFilters").All)
            {
                yield return filters.TextCondition(Of(plan.Revision, entry.Name), entry.Value, $"advancedMeterGroupByFilters.{entry.Name}");
            }
        }
    }

    private static int Position(ServingRevision revision, string name) => revision.Dimensions.Index().First(entry => entry.Item == name).Index + 1;
}
