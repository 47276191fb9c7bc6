using Metering.Aggregator.Engine.Meters;
using Metering.Storage.ClickHouse;

namespace Metering.Aggregator.Meters;

/// <summary>Tells ClickHouse the meters' names, for the analysts' views.</summary>
public sealed class MeterDirectory(ClickHouseDatabase database, TimeProvider time)
{
    private long _published = -1;

    public async Task PublishAsync(MeterCatalog.Snapshot meters, CancellationToken cancellationToken)
    {
        if (_published == meters.Version)
        {
            return;
        }

        HashSet<int> serving = [.. MeterCatalog.Serving(meters.Entries).Select(entry => entry.Revision.Number)];
        foreach (CatalogEntry entry in meters.Entries)
        {
            await database.ExecuteAsync(
                """
                INSERT INTO meter_info (meter, tenant, slug, aggregation, dimensions, serving, ver)
                SELECT {meter:UInt32}, {tenant:String}, {slug:String}, {aggregation:String}, {dimensions:Array(String)}, {serving:UInt8}, {ver:UInt64}
                """,
                [
                    ("meter", entry.Revision.Number), ("tenant", entry.Revision.Tenant), ("slug", entry.Slug),
                    ("aggregation", entry.Revision.Definition.Aggregation.ToName()), ("dimensions", entry.Revision.Definition.GroupBy.Keys.ToArray()),
                    ("serving", serving.Contains(entry.Revision.Number) ? 1 : 0), ("ver", time.GetUtcNow().ToUnixTimeMilliseconds()),
                ],
                cancellationToken);
        }

        _published = meters.Version;
    }
}
