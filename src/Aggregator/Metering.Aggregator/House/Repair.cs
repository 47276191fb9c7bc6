using System.Text.Json;
using System.Text.Json.Serialization;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Windowing;
using Metering.Contracts;

namespace Metering.Aggregator.House;

/// <summary>
/// A difference between the windows and a recomputation from the events, to be added as a row that says it is a repair. A wrong value is
/// never overwritten.
/// </summary>
/// <param name="Minute">Minutes since 1970 UTC.</param>
/// <param name="PointTicks">.NET ticks.</param>
/// <param name="PointId">Hexadecimal.</param>
internal sealed record RepairArgs(
    string Tenant, uint Meter, string Subject, int Minute, string[] Group, string PointValue, long PointTicks, string PointId, string Value, long Count);

internal static class Repair
{
    public static Flush Build(HouseJob job, int housePart)
    {
        using HouseFlush flush = new(housePart, job.Seq, job.CreatedAt.ToUnixTimeMilliseconds(), MeterSet.Empty);
        foreach (RepairArgs args in JsonSerializer.Deserialize(job.Args, RepairJson.Default.RepairArgsArray)!)
        {
            WindowKey key = new(args.Tenant, args.Meter, args.Subject, args.Minute, args.Group, Quantity.Parse(args.PointValue), args.PointTicks, EventIdentity.Parse(args.PointId));
            flush.AddRepair(key, Quantity.Parse(args.Value), args.Count);
        }

        return flush.End();
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RepairArgs[]))]
internal sealed partial class RepairJson : JsonSerializerContext;
