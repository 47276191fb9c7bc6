using Metering.Aggregator.Deduplication;
using Metering.Aggregator.Engine.Deduplication;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Flushing;
using Metering.Aggregator.House;
using Metering.Aggregator.Partitions;
using Metering.Aggregator.Retention;
using Metering.Aggregator.Sealing;
using Metering.EventLog;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Aggregator;

/// <summary>
/// The aggregator: takes partitions, brings their state into memory, and runs the loops over them until one is lost or the process stops.
/// Whatever goes wrong, memory is thrown away and the state rebuilt; nothing that matters is only in memory.
/// </summary>
internal sealed class AggregatorService(
    ITopic topic, PartitionStore store, StartChecks checks, DeduplicatorLoader loader, FlushLoop flushLoop, HouseLoop houseLoop, SealLoop sealLoop, TickLoop tickLoop,
    LeaseLoop leaseLoop, RetentionLoop retentionLoop, FlushSink sink, AggregatorStatus status, AggregatorOptions options, TimeProvider time, ILogger<AggregatorService> logger)
    : BackgroundService
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await store.InitializeAsync(topic.Id, topic.PartitionCount, stoppingToken);
                await sink.MarkAsync(Enumerable.Range(0, topic.PartitionCount + 1).Select(part => (part, 0L)), stoppingToken);
                await checks.CheckSealsAsync(stoppingToken);
                await RunSessionAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (PartitionLostException lost)
            {
                AggregatorLog.Lost(logger, lost.Message);
            }
            catch (Exception problem) when (AsStop(problem) is { } stopped)
            {
                AggregatorLog.Stopped(logger, stopped.Message);
                status.Stop(stopped);
                await PauseAsync(options.Lease, stoppingToken);
            }
            catch (Exception problem)
            {
                AggregatorLog.StartingOver(logger, problem);
            }

            await PauseAsync(s_pause, stoppingToken);
        }
    }

    /// <summary>What a person has to decide, by name; null for everything that starting over may mend.</summary>
    private static PartitionStoppedException? AsStop(Exception problem) => problem switch
    {
        PartitionStoppedException stopped => stopped,
        OffsetOutOfRangeException => new PartitionStoppedException(0, $"records that were not counted yet are gone from the log: {problem.Message}"),
        EventLogCorruptException => new PartitionStoppedException(0, problem.Message),
        _ => null,
    };

    /// <summary>One period of ownership: ends when a loop ends, and gives the leases back.</summary>
    private async Task RunSessionAsync(CancellationToken stopping)
    {
        List<OwnedPartition> owned = [];
        using CancellationTokenSource abort = new();
        await using CancellationTokenRegistration deadline = stopping.Register(() => abort.CancelAfter(options.DrainDeadline));
        try
        {
            await TakeAsync(owned, stopping);
            if (owned.Count > 0)
            {
                await RunLoopsAsync(owned, abort, stopping);
            }
        }
        finally
        {
            status.Released();
            await ReleaseAsync(owned);
            owned.ForEach(one => one.Dispose());
        }
    }

    private async Task TakeAsync(List<OwnedPartition> owned, CancellationToken cancellationToken)
    {
        foreach (PartitionState state in await store.AcquireAsync([], cancellationToken))
        {
            try
            {
                owned.Add(await LoadAsync(state, cancellationToken));
            }
            catch (PartitionStoppedException stopped)
            {
                AggregatorLog.Stopped(logger, stopped.Message);
                status.Stop(stopped);
                await store.StopAsync(stopped.Part, stopped.Why, cancellationToken);
            }
        }

        if (owned.Count > 0)
        {
            await sink.MarkAsync(owned.Select(one => (one.Part, one.Confirmed)), cancellationToken);
            AggregatorLog.Acquired(logger, string.Join(", ", owned.Select(one => one.Part)));
        }
    }

    /// <summary>Checks, rebuilds the dedup state, and resends what was on its way.</summary>
    private async Task<OwnedPartition> LoadAsync(PartitionState state, CancellationToken cancellationToken)
    {
        bool isHouse = state.Part == topic.PartitionCount;
        if (!isHouse)
        {
            await checks.CheckAsync(state, topic, cancellationToken);
        }

        LoadedState loaded = isHouse
            ? new LoadedState(new Deduplicator(), 1)
            : await loader.LoadAsync(state.Part, state.PendingLo ?? (state.Confirmed + 1), state.Clock, cancellationToken);
        OwnedPartition owned = new(state, new PartitionEngine(state.Part, topic.PartitionCount, options.Horizon, loaded.Deduplicator), loaded) { LastRead = time.GetUtcNow() };
        if (state is { PendingLo: { } lo, PendingHi: { } hi })
        {
            await (isHouse ? houseLoop.ResendAsync(owned, lo, cancellationToken) : flushLoop.ResendAsync(owned, lo, hi, topic, cancellationToken));
        }

        return owned;
    }

    private async Task RunLoopsAsync(List<OwnedPartition> owned, CancellationTokenSource abort, CancellationToken stopping)
    {
        status.Running([.. owned.Select(one => one.Part)]);
        List<OwnedPartition> log = [.. owned.Where(one => one.Part < topic.PartitionCount)];
        OwnedPartition? house = owned.Find(one => one.Part == topic.PartitionCount);
        using CancellationTokenSource side = CancellationTokenSource.CreateLinkedTokenSource(stopping, abort.Token);
        List<Task> loops =
        [
            leaseLoop.RunAsync(owned, abort.Token),
            sealLoop.RunAsync(topic.PartitionCount, side.Token),
            retentionLoop.RunAsync(side.Token),
        ];
        if (log.Count > 0)
        {
            loops.Add(flushLoop.RunAsync(log, topic, stopping, abort.Token));
            loops.Add(tickLoop.RunAsync(log, topic, side.Token));
        }

        if (house is not null)
        {
            loops.Add(houseLoop.RunAsync(house, side.Token));
        }

        await UntilOneEndsAsync(loops, abort, stopping);
    }

    /// <summary>A loop that fails ends the session; on stop the flush loop is given time to drain.</summary>
    private static async Task UntilOneEndsAsync(List<Task> loops, CancellationTokenSource abort, CancellationToken stopping)
    {
        Task first = await Task.WhenAny(loops);
        if (stopping.IsCancellationRequested)
        {
            // All but the leases end by themselves; these are kept until the last flush is confirmed.
            await Task.WhenAll(loops.Skip(1)).ContinueWith(_ => { }, TaskScheduler.Default);
        }

        await abort.CancelAsync();
        await Task.WhenAll(loops).ContinueWith(_ => { }, TaskScheduler.Default);
        await first;
    }

    private async Task ReleaseAsync(List<OwnedPartition> owned)
    {
        if (owned.Count == 0)
        {
            return;
        }

        try
        {
            using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(5));
            await store.ReleaseAsync([.. owned.Select(one => (one.Part, one.Epoch))], deadline.Token);
            AggregatorLog.Released(logger, string.Join(", ", owned.Select(one => one.Part)));
        }
        catch (Exception problem) when (problem is Npgsql.NpgsqlException or OperationCanceledException or TimeoutException)
        {
            // The leases run out by themselves.
            AggregatorLog.TaskFailed(logger, "Giving the leases back", problem.Message, problem);
        }
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken) =>
        await Task.Delay(pause, time, cancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
}
