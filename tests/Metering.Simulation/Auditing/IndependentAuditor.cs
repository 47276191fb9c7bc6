using Metering.Aggregator.Meters;
using Metering.Aggregator.Sealing;
using Metering.Contracts;
using Metering.Simulation.ClickHouse;
using Metering.Simulation.Load;
using Metering.Simulation.Postgres;
using Metering.Simulation.Running;

namespace Metering.Simulation.Auditing;

/// <summary>Sees everything and believes nothing: recomputes from the log what the stores must hold, at any moment and at the end.</summary>
internal sealed class IndependentAuditor
{
    private readonly World _world;
    private readonly Stores _stores;
    private readonly Swarm _swarm;
    private readonly LogReading _log;
    private readonly Dictionary<long, string> _sealed = [];

    public IndependentAuditor(World world, Swarm swarm, Stores stores)
    {
        (_world, _swarm, _stores, _log) = (world, swarm, stores, new LogReading(stores.Log));
        stores.Seals.Begun = CheckBoundary;
    }

    /// <summary>A reader comes by: what it sees is exactly the events up to the read marks, and no seal has changed since it was first seen.</summary>
    public void Read()
    {
        long[] marks = [.. Enumerable.Range(0, _swarm.Partitions + 1).Select(part => _stores.ClickHouse.FlushMarks.GetValueOrDefault(part))];
        Expectation expected = Expect(marks);
        CheckRaw(expected, marks);
        (WindowColumns, Quantity, long)[] values = [.. _stores.ClickHouse.Values()];
        foreach (CatalogEntry meter in _stores.Meters.Revisions.Where(entry => entry.State == RevisionState.Ready && entry.LastJob <= marks[^1] && IsReached(entry, marks)))
        {
            CheckAnswers($"meter {meter.Revision.Number}", expected.Answers(meter.Revision), StoredAnswers.Of(meter.Revision, values));
        }

        CheckSealsUnchanged();
    }

    /// <summary>When everything has settled.</summary>
    public void CheckEnd(Producer producer)
    {
        Read();
        Expectation all = Expect([.. Enumerable.Repeat(long.MaxValue, _swarm.Partitions)]);
        foreach ((RecordKind kind, string id) in producer.Acknowledged.Where(one => !all.Knows(one.Item1, one.Item2)))
        {
            _world.Violate($"{kind} {id} was acknowledged and is not in the log");
        }

        HashSet<(int, long)> raw = [.. _stores.ClickHouse.Raw.Distinct.Select(row => (row.Part, row.Offset))];
        Expect("raw rows", all.Accepted.Count, raw.Count);
        Expect("conflicts", all.Conflicts, _stores.ClickHouse.DeadLetters.Distinct.Count(row => row.Code == "conflict"));
        Expect("duplicates", all.Duplicates, _stores.ClickHouse.Flushes.Distinct.Sum(row => row.Duplicates));
        CheckFolding();
    }

    private Expectation Expect(long[] bounds) => new(Enumerable.Range(0, _swarm.Partitions).SelectMany(part => _log.UpTo(part, bounds[part])));

    private void CheckRaw(Expectation expected, long[] marks)
    {
        HashSet<(int, long)> visible = [];
        foreach (RawRow row in _stores.ClickHouse.Raw.Rows.Where(row => row.Offset <= marks[row.Part]))
        {
            if (!visible.Add((row.Part, row.Offset)))
            {
                _world.Violate($"the event at {row.Part}:{row.Offset} is visible twice");
            }
        }

        if (!visible.SetEquals(expected.Accepted))
        {
            _world.Violate($"visible events: {visible.Count}, should be {expected.Accepted.Count}");
        }
    }

    private void CheckAnswers(string what, Dictionary<string, string> expected, Dictionary<string, string> found)
    {
        foreach (string window in expected.Keys.Union(found.Keys))
        {
            string should = expected.GetValueOrDefault(window, "nothing"), isThere = found.GetValueOrDefault(window, "nothing");
            if (should != isThere)
            {
                _world.Violate($"{what}, window {window}: {isThere}, should be {should}");
                return;
            }
        }
    }

    /// <summary>Whether the readers' marks have reached the offsets from which on the meter counts events as they arrive.</summary>
    private bool IsReached(CatalogEntry meter, long[] marks) =>
        Enumerable.Range(0, _swarm.Partitions).All(part => _stores.Meters.StartOf(meter.Revision.Number, part) - 1 <= marks[part]);

    /// <summary>Every answer as of a marked seal keeps its bytes: its own rows never change, and neither do those of the seals before it.</summary>
    private void CheckSealsUnchanged()
    {
        ILookup<long, WindowRow> rows = _stores.ClickHouse.Windows.Rows.ToLookup(row => row.SealNo);
        foreach (long number in _stores.ClickHouse.SealMarks.Keys)
        {
            string content = string.Join('\n', rows[number].Select(row => row.ToString()).Order(StringComparer.Ordinal));
            if (_sealed.TryAdd(number, content) || _sealed[number] == content)
            {
                continue;
            }

            _world.Violate($"seal {number} has changed after it was marked");
        }
    }

    /// <summary>A seal may pass a minute only when the confirmed records of every partition have passed it by the allowed lateness, by append time.</summary>
    private void CheckBoundary(Seal seal)
    {
        for (int part = 0; part < _swarm.Partitions; part++)
        {
            long clock = _stores.Log.Durable(part).TakeWhile(record => record.Offset <= seal.Cut[part]).Select(record => record.AtMs).DefaultIfEmpty().Max();
            DateTimeOffset latest = DateTimeOffset.FromUnixTimeMilliseconds(clock) - _swarm.Lateness;
            if (seal.Upto > latest && seal.Upto > Seal.None.Upto)
            {
                _world.Violate($"seal {seal.Number} passes {seal.Upto:HH:mm}, but partition {part} is only at {latest:HH:mm:ss}");
            }
        }
    }

    /// <summary>Each delta is in exactly one seal, the first whose cut and boundary have passed it; each seal is exactly the sum of its deltas.</summary>
    private void CheckFolding()
    {
        Dictionary<(WindowColumns, long), (Quantity Sum, long Count)> due = [];
        Seal[] seals = [.. _stores.Seals.Seals.Values.Select(one => one.Seal)];
        foreach (DeltaRow delta in _stores.ClickHouse.DeltasEver.Values)
        {
            Seal? seal = Array.Find(seals, one => delta.Hi <= one.Cut[delta.Part] && SimulatedClickHouse.MinuteStart(delta.Window.Minute) < one.Upto);
            if (seal is null)
            {
                _world.Violate($"a delta is in no seal: {delta}");
                return;
            }

            (Quantity sum, long count) = due.GetValueOrDefault((delta.Window, seal.Number));
            due[(delta.Window, seal.Number)] = (sum + delta.Sum, count + delta.Count);
        }

        var folded = _stores.ClickHouse.Windows.Distinct.ToDictionary(row => (row.Window, row.SealNo), row => (row.Sum, row.Count));
        if (!due.Keys.ToHashSet().SetEquals(folded.Keys) || due.Any(one => folded[one.Key] != one.Value))
        {
            _world.Violate($"the seals hold {folded.Count} windows, the deltas make {due.Count}, or their sums differ");
        }
    }

    private void Expect(string what, long expected, long found)
    {
        if (expected != found)
        {
            _world.Violate($"{what}: {found}, should be {expected}");
        }
    }
}
