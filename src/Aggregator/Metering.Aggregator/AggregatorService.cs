using Metering.Aggregator.Flushing;
using Metering.Aggregator.Generations;
using Metering.Aggregator.House;
using Metering.Aggregator.Meters;
using Metering.Aggregator.Partitions;
using Metering.Aggregator.Retention;
using Metering.Aggregator.Sealing;
using Metering.EventLog;
using Metering.Storage.Postgres.Generations;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Aggregator;

/// <summary>
/// The aggregator: takes partitions, brings their state into memory, and runs the loops over them until one is lost or the process stops.
/// Whatever goes wrong, memory is thrown away and the state rebuilt; nothing that matters is only in memory.
/// </summary>
internal sealed class AggregatorService(
    ITopic topic, LogGeneration generation, IPartitionStore store, StartChecks checks, PartitionLoader loader, MeterCatalog catalog, MeterCatalogLoop catalogLoop, FlushLoop flushLoop, HouseLoop houseLoop,
    SealLoop sealLoop, TickLoop tickLoop, LeaseLoop leaseLoop, RetentionLoop retentionLoop, IStragglers stragglers, FlushSink sink, AggregatorStatus status, AggregatorOptions options, TimeProvider time,
    ILogger<AggregatorService> logger)
    : BackgroundService
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => RunAsync(stoppingToken);

    /// <summary>Takes partitions, and takes them again whatever happens, until the process stops.</summary>
    internal async Task RunAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await store.InitializeAsync(topic.Id, stoppingToken);
                await checks.CheckGenerationAsync(stoppingToken);
                await sink.MarkAsync(Enumerable.Range(0, generation.PartCount).Select(part => (part, generation.Holds(part) ? generation.BaseOffset : 0)), stoppingToken);
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
        OutOfMemoryException => new PartitionStoppedException(0, "its identities and flushes do not fit in memory: give the process more, add an aggregator, or lower Aggregator:ActiveIdentities and Aggregator:FlushBytes"),
        _ => null,
    };

    /// <summary>
    /// One period of ownership, in rounds: a round runs the loops over a fixed set of partitions, and ends when aggregators have come or gone. What is
    /// in memory for a partition stays from round to round. Ends when a loop fails, and gives the leases back.
    /// </summary>
    private async Task RunSessionAsync(CancellationToken stopping)
    {
        Session session = new();
        using CancellationTokenSource abort = new(Timeout.InfiniteTimeSpan, time);
        await using CancellationTokenRegistration deadline = stopping.Register(() => abort.CancelAfter(options.DrainDeadline));
        using CancellationTokenSource hurry = CancellationTokenSource.CreateLinkedTokenSource(stopping, abort.Token);
        Task leases = leaseLoop.RunAsync(session.Leases, session.Rebalance, abort.Token);
        Task lost = leases.ContinueWith(_ => abort.Cancel(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            await catalog.RefreshAsync(hurry.Token);
            while (!stopping.IsCancellationRequested)
            {
                await BalanceAsync(session, hurry.Token);
                await RunRoundAsync(session, abort.Token, stopping);
            }
        }
        catch (OperationCanceledException) when (leases.IsFaulted)
        {
            await leases;
        }
        finally
        {
            abort.Cancel();
            await lost;
            status.Released();
            await LeaveAsync(session.Owned);
            session.Owned.ForEach(one => one.Dispose());
        }
    }

    /// <summary>Gives back what is beyond this process's share, or takes what is free of it.</summary>
    private async Task BalanceAsync(Session session, CancellationToken cancellationToken)
    {
        int[] held = [.. session.Owned.Select(one => one.Part)];
        Balance balance = await store.AnnounceAsync(held, cancellationToken);
        if (held.Length > balance.Share)
        {
            await GiveBackAsync(session, held.Length - balance.Share, cancellationToken);
        }
        else if (balance.CallsForChange(held.Length))
        {
            await TakeAsync(session, await store.AcquireAsync(held, balance.Share - held.Length, cancellationToken), cancellationToken);
        }
    }

    private async Task GiveBackAsync(Session session, int count, CancellationToken cancellationToken)
    {
        List<OwnedPartition> given = session.Owned[^count..];
        session.Owned.RemoveRange(session.Owned.Count - count, count);
        given.ForEach(one => session.Leases.Remove(one.Part));
        given.ForEach(one => one.Dispose());
        await store.ReleaseAsync([.. given.Select(one => (one.Part, one.Epoch))], cancellationToken);
        AggregatorLog.Released(logger, string.Join(", ", given.Select(one => one.Part)));
    }

    private async Task TakeAsync(Session session, IReadOnlyList<PartitionState> taken, CancellationToken cancellationToken)
    {
        // All are renewed from now on: rebuilding the state of the first may take longer than a lease.
        foreach (PartitionState state in taken)
        {
            session.Leases.Add(state.Part, state.Epoch);
        }

        List<OwnedPartition> loaded = [];
        foreach (PartitionState state in taken)
        {
            try
            {
                OwnedPartition one = await loader.LoadAsync(state, cancellationToken);
                session.Owned.Add(one);
                loaded.Add(one);
            }
            catch (PartitionStoppedException stopped)
            {
                // An owner that slept compares what it once read with what its successor has written since.
                if (!await store.StopAsync(state.Part, state.Epoch, stopped.Why, cancellationToken))
                {
                    throw new PartitionLostException(state.Part);
                }

                AggregatorLog.Stopped(logger, stopped.Message);
                status.Stop(stopped);
                session.Leases.Remove(state.Part);
            }
        }

        if (loaded.Count > 0)
        {
            await sink.MarkAsync(loaded.Select(one => (one.Part, one.Confirmed)), cancellationToken);
            AggregatorLog.Acquired(logger, string.Join(", ", loaded.Select(one => one.Part)));
        }
    }

    private async Task RunRoundAsync(Session session, CancellationToken abort, CancellationToken stopping)
    {
        List<OwnedPartition> owned = session.Owned;
        status.Running([.. owned.Select(one => one.Part)]);
        List<OwnedPartition> log = [.. owned.Where(one => generation.Holds(one.Part))];
        OwnedPartition? house = owned.Find(one => one.Part == generation.House);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(abort);
        using CancellationTokenSource round = CancellationTokenSource.CreateLinkedTokenSource(stopping, end.Token);
        session.BeginRound(round);
        List<Task> draining = [];
        List<Task> others = [catalogLoop.RunAsync(round.Token), sealLoop.RunAsync(generation.House, round.Token)];
        if (log.Count > 0)
        {
            draining.Add(flushLoop.RunAsync(log, topic, round.Token, end.Token));
            others.Add(tickLoop.RunAsync(log, topic, round.Token));
        }

        if (house is not null)
        {
            draining.Add(houseLoop.RunAsync(house, round.Token, end.Token));
            others.Add(retentionLoop.RunAsync(round.Token));
            others.Add(stragglers.MoveAsync(round.Token));
        }

        try
        {
            await UntilAllEndAsync(draining, others, round, end);
        }
        finally
        {
            session.EndRound();
        }
    }

    /// <summary>
    /// When the round is over all loops end by themselves, the draining ones after what they have begun is confirmed. A loop that ends before that ends
    /// the others at once, and is what went wrong.
    /// </summary>
    private static async Task UntilAllEndAsync(List<Task> draining, List<Task> others, CancellationTokenSource round, CancellationTokenSource end)
    {
        Task all = Task.WhenAll([.. draining, .. others]);
        Task first = await Task.WhenAny([.. draining, .. others]);
        bool early = !round.IsCancellationRequested;
        if (early)
        {
            end.Cancel();
        }

        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        await Task.WhenAll([.. draining, .. others.Where(loop => loop.IsFaulted), .. early ? new[] { first } : []]);
    }

    private async Task LeaveAsync(List<OwnedPartition> owned)
    {
        try
        {
            using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(5), time);
            await store.ReleaseAsync([.. owned.Select(one => (one.Part, one.Epoch))], deadline.Token);
            await store.LeaveAsync(deadline.Token);
            AggregatorLog.Released(logger, string.Join(", ", owned.Select(one => one.Part)));
        }
        catch (Exception problem) when (problem is Npgsql.NpgsqlException or OperationCanceledException or TimeoutException)
        {
            // The leases run out by themselves.
            AggregatorLog.TaskFailed(logger, "Giving the leases back", problem.Message, problem);
        }
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken) =>
        await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    /// <summary>What one period of ownership holds.</summary>
    private sealed class Session
    {
        private readonly Lock _lock = new();
        private CancellationTokenSource? _round;

        public List<OwnedPartition> Owned { get; } = [];

        /// <summary>Of the owned partitions, and of those being loaded.</summary>
        public HeldLeases Leases { get; } = new();

        /// <summary>Ends the round, to spread the partitions anew. Between rounds nothing has to be ended. From any thread.</summary>
        public void Rebalance()
        {
            lock (_lock)
            {
                _round?.Cancel();
            }
        }

        public void BeginRound(CancellationTokenSource? round)
        {
            lock (_lock)
            {
                _round = round;
            }
        }

        /// <summary>Before the source is disposed of.</summary>
        public void EndRound() => BeginRound(null);
    }
}
