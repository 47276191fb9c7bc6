using Metering.Aggregator;
using Metering.Aggregator.Auditing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Meters;
using Metering.Aggregator.Sealing;
using Metering.Simulation.Auditing;
using Metering.Simulation.ClickHouse;
using Metering.Simulation.Controls;
using Metering.Simulation.Load;
using Metering.Simulation.Log;
using Metering.Simulation.Postgres;
using Metering.Simulation.Running;
using Metering.Storage.Postgres.Generations;

namespace Metering.Simulation;

/// <summary>
/// One seed: faults and load for a few virtual minutes, then peace, in which everything must drain and be exact. Readers and the production audit
/// look all the time.
/// </summary>
internal sealed class Simulation
{
    private static readonly TimeSpan s_peace = TimeSpan.FromMinutes(12);
    private static readonly Aggregation[] s_aggregations = [Aggregation.Sum, Aggregation.Count, Aggregation.Min, Aggregation.Max, Aggregation.Latest, Aggregation.UniqueCount];

    private readonly World _world;
    private readonly Swarm _swarm;
    private readonly Stores _stores;
    private readonly Aggregators _aggregators;
    private readonly IngestService _ingest;
    private readonly Producer _producer;
    private readonly IndependentAuditor _auditor;
    private bool _peace;

    private Simulation(int seed, Control control, Action<string>? story)
    {
        _world = new World(seed) { Story = story };
        _swarm = Swarm.Draw(_world);
        _world.Tell(_swarm.ToString());
        _stores = new Stores(_world, _swarm, control);
        _aggregators = new Aggregators(_world, _swarm, _stores);
        _ingest = new IngestService(_world, _stores.Log, _stores.LogFaults);
        _producer = new Producer(_world, _swarm, _ingest);
        _auditor = new IndependentAuditor(_world, _swarm, _stores);
    }

    /// <summary>Runs a seed on a thread of its own: nothing of the caller's (synchronisation context, stack) takes part.</summary>
    public static Result Run(int seed, Control control, Action<string>? story = null)
    {
        Result? result = null;
        Thread thread = new(() => result = new Simulation(seed, control, story).Run(), maxStackSize: 16 * 1024 * 1024);
        thread.Start();
        thread.Join();
        return result!;
    }

    private Result Run()
    {
        DateTimeOffset end = _world.Now + _swarm.FaultTime;
        DefineMeter("meter-0");
        for (int i = 0; i < _swarm.Aggregators; i++)
        {
            string name = $"aggregator-{i}";
            _world.After(_world.Between(0, 5), null, () => _aggregators.Start(name));
        }

        _producer.Start();
        ScheduleTroubles();
        Every(TimeSpan.FromSeconds(7), _auditor.Read);
        StartAudit();
        _world.RunUntil(end);
        MakePeace();
        _world.RunUntil(_world.Now + s_peace, HasSettled);
        if (_world.Violations.Count == 0 && !HasSettled())
        {
            _world.Violate("it did not settle");
        }

        if (_world.Violations.Count == 0)
        {
            _auditor.CheckEnd(_producer);
        }

        _world.End();
        return new Result(_world.Trace, [.. _world.Violations], _swarm);
    }

    private void ScheduleTroubles()
    {
        Some(_swarm.NewMeters, () => DefineMeter($"meter-{_world.Random.Next(3)}"));
        Some(_swarm.LogCrashes, _stores.Log.Crash);
        Some(_swarm.ClockSteps, StepClock);
        Some(_swarm.Outages, () => (_world.Chance(0.5) ? _stores.PostgresFaults : _stores.ClickHouseFaults).DownUntil = _world.Now + _world.Between(1, 40));
        Some(_swarm.Stops, () =>
        {
            if (_aggregators.Lives.Count > 0)
            {
                _aggregators.Lives[_world.Random.Next(_aggregators.Lives.Count)].Stopping.Cancel();
            }
        });
        Some(_swarm.LogCrashes, () =>
        {
            _ingest.Node.Kill();
            _ingest.Restart();
        });
    }

    private void StepClock()
    {
        TimeSpan error = _world.Between(-90, 90);
        _world.Tell($"a clock is wrong by {error}");
        switch (_world.Random.Next(3))
        {
            case 0:
                _stores.Log.ClockError = error;
                break;
            case 1:
                _stores.Partitions.ClockError = error / 3;
                break;
            default:
                _aggregators.Lives.ForEach(life => life.Node.ClockError = error);
                break;
        }
    }

    private void MakePeace()
    {
        _world.Tell("peace");
        _peace = true;
        _stores.EndFaults();
        foreach (PartitionTable.Row row in _stores.Partitions.Rows.Where(row => row.Stopped is not null))
        {
            // Only after ClickHouse has lied: somebody looked at it and lets it go on.
            row.Stopped = null;
        }
    }

    /// <summary>Everything is confirmed, visible and sealed.</summary>
    private bool HasSettled()
    {
        PartitionTable.Row[] rows = _stores.Partitions.Rows;
        (Seal last, Seal? pending) = _stores.Seals.Last();
        return _peace && _producer.Open == 0 && pending is null
            && _stores.Meters.Revisions.All(entry => entry.State != RevisionState.Backfilling)
            && rows.All(row => row.PendingLo is null && _stores.ClickHouse.FlushMarks.GetValueOrDefault(row.Part) == row.Confirmed)
            && IsSealed(last);
    }

    private bool IsSealed(Seal seal) => _stores.ClickHouse.SealMarks.ContainsKey(seal.Number)
        && _stores.ClickHouse.DeltasEver.Values.All(delta => delta.Hi <= seal.Cut[delta.Part] && SimulatedClickHouse.MinuteStart(delta.Window.Minute) < seal.Upto)
        && _stores.ClickHouse.Raw.Distinct.All(row => row.Offset <= seal.Cut[row.Part])
        && Enumerable.Range(0, _swarm.Partitions).All(part => !HasEventAbove(part, seal.Cut[part]));

    /// <summary>Ticks go on for ever; events do not.</summary>
    private bool HasEventAbove(int part, long offset)
    {
        IReadOnlyList<SimulatedLog.Stored> records = _stores.Log.Durable(part);
        for (int i = records.Count - 1; i >= 0 && records[i].Offset > offset; i--)
        {
            if (records[i].Value.Length > 16)
            {
                return true;
            }
        }

        return false;
    }

    private void StartAudit()
    {
        Node node = new(_world, "audit");
        Wire wire = new(_world, node, new WireFaults(), what => new HttpRequestException(what));
        MeterPort meters = new(_stores.Meters, wire);
        Auditor auditor = new(
            new AuditedStoresPort(_stores.ClickHouse, _stores.Partitions, wire), new EffectiveEventsPort(_stores.ClickHouse, wire), new MeterCatalog(meters),
            new SealStorePort(_world, _stores.Seals, wire), meters, LogGeneration.First(_stores.Log.Partitions), new AggregatorOptions(), new NodeTime(_world, node));
        Every(TimeSpan.FromSeconds(29), () => node.Happen(() => _ = AuditAsync(auditor)));
    }

    private async Task AuditAsync(Auditor auditor)
    {
        AuditReport report = await auditor.RunAsync(windows: true, onDay: null, default);
        if (!report.IsExact)
        {
            _world.Violate($"the audit says: {report.Findings[0]}");
        }
    }

    private void DefineMeter(string id)
    {
        Aggregation aggregation = s_aggregations[_world.Random.Next(s_aggregations.Length)];
        SortedDictionary<string, string> groupBy = _world.Chance(0.5) ? [] : new() { ["model"] = "$.model" };
        _stores.Meters.Define(id, new MeterDefinition(aggregation, "llm", null, aggregation == Aggregation.Count ? null : "$.value", groupBy));
    }

    private void Every(TimeSpan interval, Action action) => _world.After(interval, null, () =>
    {
        action();
        Every(interval, action);
    });

    private void Some(int count, Action action)
    {
        for (int i = 0; i < count; i++)
        {
            _world.After(_world.Random.NextDouble() * _swarm.FaultTime, null, action);
        }
    }
}

/// <param name="Trace">Equal for equal runs.</param>
/// <param name="Violations">Empty when everything was exact.</param>
internal sealed record Result(ulong Trace, IReadOnlyList<string> Violations, Swarm Swarm);
