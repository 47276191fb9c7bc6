using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Storage.ClickHouse;

namespace Metering.Host.Demo;

/// <summary>What an analyst finds in ClickHouse's views: corrections of sealed minutes, and what was not counted.</summary>
internal static class DemoFindings
{
    /// <summary>Rows of (customer, why, events, tokens).</summary>
    public static Task<List<string[]>> CorrectionsAsync(ClickHouseDatabase database, string tenant, CancellationToken cancellationToken) => ReadAsync(
        database,
        """
        SELECT subject, why, toString(sum(abs(if(why = 'late', events, 1)))), toString(sumIf(total, meter = 'llm_tokens'))
        FROM usage_corrections
        WHERE tenant = {tenant:String} AND meter IN ('llm_tokens', 'llm_requests') AND why IN ('late', 'void', 'amend')
        GROUP BY subject, why ORDER BY subject, why
        """,
        tenant,
        cancellationToken);

    /// <summary>Rows of (code, count, an example's message).</summary>
    public static Task<List<string[]>> DeadLettersAsync(ClickHouseDatabase database, string tenant, CancellationToken cancellationToken) => ReadAsync(
        database,
        "SELECT code, toString(count()), any(message) FROM dead_letters WHERE tenant = {tenant:String} GROUP BY code ORDER BY count() DESC, code",
        tenant,
        cancellationToken);

    private static async Task<List<string[]>> ReadAsync(ClickHouseDatabase database, string sql, string tenant, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await database.QueryAsync(sql, [("tenant", tenant)], cancellationToken);
        List<string[]> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(column => Convert.ToString(reader.GetValue(column), CultureInfo.InvariantCulture)!)]);
        }

        return rows;
    }
}
