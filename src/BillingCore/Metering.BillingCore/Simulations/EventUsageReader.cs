using System.Runtime.CompilerServices;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.Engine.Meters;
using Metering.Billing.Rating;
using Metering.Billing.Simulation;
using Metering.BillingCore.Metered;
using Metering.Storage.ClickHouse;

namespace Metering.BillingCore.Simulations;

/// <summary>
/// Single events of each customer in (time, identity) order, for prices that look at each. They are the events that the seal has counted, in the version
/// that counts, and their values are read by the code that counted them. One customer's events are in memory at a time.
/// </summary>
internal sealed class EventUsageReader(ClickHouseDatabase database, UsageScope scope, int maxEvents)
{
    /// <returns>Usage null: the customer has more events than are priced one by one.</returns>
    public async IAsyncEnumerable<(string Customer, Usage? Usage)> ReadAsync(
        MeterRevision meter, UsageNeed need, CustomerPage page, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        SqlValues sql = new();
        await using ClickHouseDataReader reader = await database.QueryAsync(Text(meter, page, sql), sql.Parameters, cancellationToken);
        EventCollector collector = new(meter, need.Dimensions, need.Source);
        string? customer = null;
        while (await reader.ReadAsync(cancellationToken))
        {
            string next = reader.GetString(0);
            if (customer is not null && next != customer)
            {
                yield return (customer, Collect(collector));
            }

            customer = next;
            collector.Add(reader.GetInt64(1), $"{reader.GetString(2)}/{reader.GetString(3)}", reader.GetString(4));
        }

        if (customer is not null)
        {
            yield return (customer, Collect(collector));
        }
    }

    private Usage? Collect(EventCollector collector)
    {
        (int read, Usage usage) = collector.Take();
        return read > maxEvents ? null : usage;
    }

    /// <summary>The rule of the view <c>usage_events</c>, for the records that the seal has folded: those up to its cut, of minutes below its boundary.</summary>
    private string Text(MeterRevision meter, CustomerPage page, SqlValues sql)
    {
        string tenant = sql.Text(scope.Tenant);
        string isFolded = $"tenant = {tenant} AND off <= {sql.Add(scope.Cut, "Array(UInt64)")}[part + 1]";
        return $"""
            WITH {CorrectedEvents.Tables(isFolded)}
            SELECT subject, reinterpretAsInt64(time) AS ticks, source, id, data
            FROM usage_raw FINAL
            WHERE {isFolded} AND type = {sql.Text(meter.Definition.EventType)} AND {page.Condition(sql)}
              AND time >= {sql.Minute(scope.Period.Start)} AND time < {sql.Minute(scope.End)}
              AND {CorrectedEvents.Counts}
            ORDER BY subject, time, source, id
            LIMIT {sql.Add(maxEvents + 1L, "UInt64")} BY subject
            """;
    }
}
