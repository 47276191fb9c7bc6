using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;
using Metering.Query.Http;
using Metering.Query.Telemetry;
using Metering.Query.Windows;
using Metering.Storage.ClickHouse;
using Microsoft.Extensions.Options;

namespace Metering.Query.Usage;

/// <summary>Runs usage queries in ClickHouse.</summary>
internal sealed class UsageReader(ClickHouseDatabase database, IOptions<QueryOptions> options, QueryMetrics metrics)
{
    private const int FirstGroup = 3;

    /// <exception cref="RefusedException">More rows than allowed, a seal that is not there, or a sum that no quantity holds.</exception>
    public async Task<List<UsageRow>> ReadAsync(UsagePlan plan, CancellationToken cancellationToken)
    {
        if (plan.Request.AsOf is { } seal)
        {
            await CheckSealAsync(seal, cancellationToken);
        }

        UsageSql statement = UsageSql.Of(plan, options.Value.MaxRows);
        await using ClickHouseDataReader reader = await database.QueryAsync(statement.Text, statement.Parameters, cancellationToken);
        List<UsageRow> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(Read(reader, plan));
        }

        metrics.Answered(rows.Count);
        return rows.Count <= options.Value.MaxRows ? rows : throw TooManyRows();
    }

    private RefusedException TooManyRows() => RefusedException.BadRequest(
        $"The answer has more than {options.Value.MaxRows} rows: ask for a shorter time range, larger windows, fewer groups, or filter.");

    /// <summary>An answer as of a seal that does not exist yet would change later.</summary>
    private async Task CheckSealAsync(long seal, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await database.QueryAsync("SELECT toInt64(max(seal_no)) FROM seal_mark", [], cancellationToken);
        await reader.ReadAsync(cancellationToken);
        long newest = reader.GetInt64(0);
        if (seal > newest)
        {
            throw RefusedException.BadRequest($"asOf: there is no seal {seal} yet; the newest is {newest}.");
        }
    }

    private static UsageRow Read(ClickHouseDataReader row, UsagePlan plan)
    {
        int groups = plan.GroupBy.Count;
        string[] values = new string[groups];
        for (int i = 0; i < groups; i++)
        {
            values[i] = row.GetString(FirstGroup + i);
        }

        return new UsageRow(WindowOf(row, plan), values, ValueOf(row, FirstGroup + groups, plan.Revision.Definition.Aggregation));
    }

    private static Window WindowOf(ClickHouseDataReader row, UsagePlan plan)
    {
        if (plan.Windows is { } windows)
        {
            return windows.WindowOf(row.GetInt64(0));
        }

        DateTimeOffset first = DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(1));
        DateTimeOffset last = DateTimeOffset.FromUnixTimeSeconds(row.GetInt64(2));
        return new Window(plan.Request.From ?? first, plan.Request.To ?? last.AddMinutes(1));
    }

    private static Quantity ValueOf(ClickHouseDataReader row, int at, Aggregation aggregation)
    {
        try
        {
            return aggregation switch
            {
                Aggregation.Sum => Quantity.Parse(row.GetString(at)),
                Aggregation.Count => Quantity.FromInt64(row.GetInt64(at + 1)),
                Aggregation.Avg => Quantity.Parse(row.GetString(at)).DivideBy(row.GetInt64(at + 1)),
                Aggregation.Min or Aggregation.Max or Aggregation.Latest => Quantity.Parse(row.GetString(at + 2)),
                Aggregation.UniqueCount => Quantity.FromInt64(long.Parse(row.GetString(at + 2), CultureInfo.InvariantCulture)),
            };
        }
        catch (OverflowException)
        {
            throw RefusedException.BadRequest("A total is 10^26 or more and cannot be given exactly: ask for a shorter time range.");
        }
    }
}
