using System.Text.Json;
using System.Text.Json.Serialization;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Meters;

namespace Metering.Aggregator.House;

/// <summary>Counts for a revision what came before it: one job per raw month and event day, so that each is small and can be repeated.</summary>
internal sealed class Backfill(IEffectiveEvents events)
{
    /// <summary>One job for each (month of append, day of event) that holds events of the revision's type below its start.</summary>
    public async Task<IReadOnlyList<string>> PlanAsync(CatalogEntry entry, long[] starts, CancellationToken cancellationToken)
    {
        IReadOnlyList<RawDay> days = await events.DaysAsync(entry.Revision, starts, cancellationToken);
        return [.. days.Select(day => JsonSerializer.Serialize(new BackfillArgs(entry.Revision.Number, day.Month, day.Day, starts), HouseJson.Default.BackfillArgs))];
    }

    /// <summary>Builds the job's flush. The rows it reads no longer change, so building it again gives the same bytes.</summary>
    public async Task<Flush> BuildAsync(HouseJob job, int housePart, MeterRevision revision, CancellationToken cancellationToken)
    {
        BackfillArgs args = JsonSerializer.Deserialize(job.Args, HouseJson.Default.BackfillArgs)!;
        using HouseFlush flush = new(housePart, job.Seq, job.CreatedAt.ToUnixTimeMilliseconds(), new MeterSet([revision]));
        await events.ReadAsync(revision, new RawDay(args.Month, args.Day), args.Starts, flush.AddEvent, cancellationToken);
        return flush.End();
    }
}

/// <param name="Month">Of append: 202611.</param>
/// <param name="Day">Of the event, UTC: 2026-11-22.</param>
/// <param name="Starts">Per partition: the offset from which on the revision counts events as they arrive.</param>
internal sealed record BackfillArgs(int Revision, uint Month, string Day, long[] Starts);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BackfillArgs))]
internal sealed partial class HouseJson : JsonSerializerContext;
