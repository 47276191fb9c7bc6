using System.Text.Json;
using Metering.Host.Client;

namespace Metering.Host.Demo;

/// <summary>Totals of the audit that runs all the time.</summary>
/// <param name="Records">Taken from the log, ticks left out.</param>
internal readonly record struct DemoCounts(long Records, long Accepted, long Duplicates)
{
    public static async Task<DemoCounts> ReadAsync(MeteringClient client, CancellationToken cancellationToken)
    {
        using JsonDocument report = await client.GetAsync("v1/audit", cancellationToken);
        return Of(report.RootElement);
    }

    public static DemoCounts Of(JsonElement report)
    {
        if (report.ValueKind != JsonValueKind.Object)
        {
            return default;
        }

        long Number(string name) => report.GetProperty(name).GetInt64();
        return new DemoCounts(Number("records") - Number("ticks"), Number("accepted"), Number("duplicates"));
    }

    public DemoCounts Since(DemoCounts before) => new(Records - before.Records, Accepted - before.Accepted, Duplicates - before.Duplicates);
}
