using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Query.Filters;
using Metering.Query.Http;
using Metering.Storage.ClickHouse;
using Microsoft.Extensions.Options;

namespace Metering.Query.Usage;

/// <summary>The distinct subjects or group values that have usage in a range.</summary>
internal sealed class UsageValueLists(ClickHouseDatabase database, IOptions<QueryOptions> options)
{
    public async Task<List<string>> ReadAsync(UsagePlan plan, string column, CancellationToken cancellationToken)
    {
        FilterSql sql = new();
        string expression = UsageColumns.Of(plan.Revision, column);
        string text = $"""
            SELECT DISTINCT value FROM (
              SELECT {expression} AS value
              FROM usage_values
              WHERE {UsageColumns.Where(plan, sql)} AND value != ''
              GROUP BY value, minute
              HAVING sum(n) > 0)
            ORDER BY value
            LIMIT {(options.Value.MaxRows + 1L).ToString(CultureInfo.InvariantCulture)}
            """;
        await using ClickHouseDataReader reader = await database.QueryAsync(text, sql.Parameters, cancellationToken);
        List<string> values = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            values.Add(reader.GetString(0));
        }

        return values.Count <= options.Value.MaxRows
            ? values
            : throw RefusedException.BadRequest($"There are more than {options.Value.MaxRows} values: ask for a shorter time range.");
    }
}
