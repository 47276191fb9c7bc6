using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Flushing;
using Metering.Aggregator.Meters;
using Metering.Aggregator.Partitions;
using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.House;

/// <summary>The owner of the house partition: plans back-fills, runs house jobs one by one as flushes, and says when a revision is ready.</summary>
internal sealed class HouseLoop(
    IHouseJobStore jobs, Backfill backfill, Flusher flusher, MeterCatalog catalog, IMeterDirectory directory, AggregatorOptions options, TimeProvider time, ILogger<HouseLoop> logger)
{
    /// <param name="stopping">Ends the loop after the job it is at.</param>
    /// <param name="abort">Ends it at once.</param>
    public async Task RunAsync(OwnedPartition house, CancellationToken stopping, CancellationToken abort)
    {
        while (!stopping.IsCancellationRequested)
        {
            TimeSpan pause = options.MeterPollInterval;
            try
            {
                pause = await StepAsync(house, abort) ? TimeSpan.Zero : pause;
            }
            catch (Exception problem) when (problem is not (OperationCanceledException or PartitionStoppedException or PartitionLostException or Engine.InvariantException))
            {
                AggregatorLog.TaskFailed(logger, "A house job", problem.Message, problem);
                pause = TimeSpan.FromSeconds(1);
            }

            await Task.Delay(pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    /// <returns>Whether there was a job.</returns>
    public async Task<bool> StepAsync(OwnedPartition house, CancellationToken cancellationToken)
    {
        MeterCatalog.Snapshot meters = catalog.Current;
        await directory.PublishAsync(meters, cancellationToken);
        foreach ((int revision, long[] starts) in await jobs.UnplannedAsync(house.Part, cancellationToken))
        {
            // One that the snapshot lacks was made since, and is planned in the next step.
            if (meters.Entries.FirstOrDefault(entry => entry.Revision.Number == revision) is { } entry)
            {
                await PlanAsync(entry, starts, house, cancellationToken);
            }
        }

        foreach (int ready in await jobs.MarkReadyAsync(house.Part, cancellationToken))
        {
            AggregatorLog.RevisionReady(logger, ready);
        }

        HouseJob? job = await jobs.NextAsync(house.Confirmed, cancellationToken);
        if (job is null || IsOfUnknownRevision(job, meters))
        {
            return false;
        }

        await RunJobAsync(job, house, meters, inDoubt: false, cancellationToken);
        return true;
    }

    /// <summary>Runs again the job that was on its way when its owner died.</summary>
    public async Task ResendAsync(OwnedPartition house, long seq, CancellationToken cancellationToken)
    {
        HouseJob? job = await jobs.NextAsync(seq - 1, cancellationToken);
        if (job?.Seq != seq)
        {
            throw new PartitionStoppedException(house.Part, $"house job {seq} is on its way but not recorded");
        }

        await RunJobAsync(job, house, await catalog.RefreshAsync(cancellationToken), inDoubt: true, cancellationToken);
    }

    /// <summary>Planned by another owner, for a revision that was made since the snapshot.</summary>
    private static bool IsOfUnknownRevision(HouseJob job, MeterCatalog.Snapshot meters) => job.Kind == "backfill" && RevisionOf(job, meters) is null;

    private async Task RunJobAsync(HouseJob job, OwnedPartition house, MeterCatalog.Snapshot meters, bool inDoubt, CancellationToken cancellationToken)
    {
        using Flush flush = job.Kind == "backfill"
            ? await backfill.BuildAsync(job, house.Part, RevisionOf(job, meters)!, cancellationToken)
            : Repair.Build(job, house.Part);
        await flusher.SendAsync([(house, flush)], inDoubt, cancellationToken);
    }

    private static Engine.Meters.MeterRevision? RevisionOf(HouseJob job, MeterCatalog.Snapshot meters)
    {
        int revision = System.Text.Json.JsonSerializer.Deserialize(job.Args, HouseJson.Default.BackfillArgs)!.Revision;
        return meters.Entries.FirstOrDefault(entry => entry.Revision.Number == revision)?.Revision;
    }

    private async Task PlanAsync(CatalogEntry entry, long[] starts, OwnedPartition house, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> planned = await backfill.PlanAsync(entry, starts, cancellationToken);
        if (!await jobs.PlanAsync(entry.Revision.Number, planned, house.Part, house.Epoch, cancellationToken))
        {
            throw new PartitionLostException(house.Part);
        }

        AggregatorLog.BackfillPlanned(logger, entry.Revision.Number, entry.Slug, planned.Count);
    }
}
