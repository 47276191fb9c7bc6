using System.Text;
using Metering.Aggregator.Engine.Corrections;
using Metering.Aggregator.Engine.Deduplication;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Tests.Harness;

/// <summary>
/// One partition with its log, its engine and the tables of its confirmed flushes, in memory. Does what the shell does around the engine:
/// gives it the histories it asks for, and rebuilds it from the raw table after a loss.
/// </summary>
internal sealed class TestPartition(IEnumerable<MeterRevision> meters, int partition = 0, int partitionCount = 1) : IDisposable
{
    public static readonly TimeSpan Horizon = TimeSpan.FromDays(35);

    private PartitionEngine _engine = new(partition, 0, partitionCount, Horizon, new Deduplicator());
    private long _offset = 1;

    public List<StoredRaw> Raw { get; } = [];

    public List<StoredDelta> Deltas { get; } = [];

    public List<StoredDeadLetter> DeadLetters { get; } = [];

    public MeterSet Meters { get; set; } = new(meters);

    public Deduplicator Deduplicator => _engine.Deduplicator;

    /// <summary>Append time of the records to come.</summary>
    public DateTime Clock { get; set; } = TestRecord.Noon.AddMinutes(1);

    public void Dispose() => _engine.Dispose();

    /// <summary>Places records at the end of the log. Offsets have holes, as the port allows.</summary>
    public List<Logged> Append(params IEnumerable<TestRecord> records) => AppendBytes(records.Select(record => record.ToBytes()));

    public List<Logged> AppendBytes(IEnumerable<byte[]> values)
    {
        List<Logged> logged = [];
        foreach (byte[] value in values)
        {
            logged.Add(new Logged(_offset, new DateTimeOffset(Clock).ToUnixTimeMilliseconds(), value));
            _offset += 1 + (_offset % 3);
        }

        return logged;
    }

    /// <summary>Builds a flush and confirms it.</summary>
    public Counts Flush(params IEnumerable<TestRecord> records)
    {
        List<Logged> logged = Append(records);
        using Flush flush = Build(logged);
        Confirm(flush);
        return Counts.Of(flush);
    }

    public Flush Build(List<Logged> logged)
    {
        long lo = logged[0].Offset;
        HashSet<EventIdentity> needs = [];
        foreach (Logged record in logged)
        {
            _engine.CollectNeeds(record.Value, record.AtMs, needs);
        }

        _engine.Begin(lo, Meters, needs.ToDictionary(identity => identity, identity => HistoryOf(identity, lo)));
        foreach (Logged record in logged)
        {
            _engine.Process(record.Offset, record.AtMs, record.Value);
        }

        return _engine.End();
    }

    public void Confirm(Flush flush)
    {
        Raw.AddRange(RowReader.ReadRaw(flush.Raw));
        Deltas.AddRange(RowReader.ReadDeltas(flush.Deltas));
        DeadLetters.AddRange(RowReader.ReadDeadLetters(flush.DeadLetters));
    }

    /// <summary>Throws the engine away and makes one from the raw rows, as another process would.</summary>
    public void LoseState()
    {
        _engine.Dispose();
        _engine = new PartitionEngine(partition, 0, partitionCount, Horizon, RestoreFromRaw());
    }

    /// <summary>The erasure of an event's payload on request.</summary>
    public void Erase(string id)
    {
        int at = Raw.FindIndex(row => row.Id == id && row.Kind == RecordKind.Use);
        Raw[at] = Raw[at] with { Data = "", Subject = "", Version = 1 };
    }

    private Deduplicator RestoreFromRaw()
    {
        Deduplicator deduplicator = new();
        long newest = Raw.Count == 0 ? 0 : Raw.Max(row => row.AtMs);
        foreach (StoredRaw row in Raw.OrderBy(row => row.Offset))
        {
            if (newest - row.AtMs > (long)Horizon.TotalMilliseconds)
            {
                deduplicator.MarkIncomplete();
                continue;
            }

            deduplicator.Add(row.Identity, row.PayloadHash, row.AtMs);
            if (row.Kind != RecordKind.Use && row.TargetOffset == 0)
            {
                deduplicator.Await(row.Target, row.AtMs);
            }
        }

        deduplicator.Restore(Raw.Count == 0 ? 0 : Raw.Max(row => row.Offset));
        return deduplicator;
    }

    private TargetHistory HistoryOf(EventIdentity identity, long lo)
    {
        TargetHistory history = new();
        foreach (StoredRaw row in Raw.Where(row => row.Offset < lo && (row.Kind == RecordKind.Use ? row.Identity : row.Target) == identity).OrderBy(row => row.Offset))
        {
            EventVersion version = new(Encoding.UTF8.GetBytes(row.Type), Encoding.UTF8.GetBytes(row.Subject), row.TimeTicks, Encoding.UTF8.GetBytes(row.Data), row.Version == 1);
            switch (row.Kind)
            {
                case RecordKind.Use:
                    history.SawOriginal(version, row.Offset, row.PayloadHash, row.AtMs, row.BornVoid);
                    break;
                case RecordKind.Void:
                    history.SawVoid();
                    break;
                case RecordKind.Amend:
                    history.SawAmendment(version);
                    break;
            }
        }

        return history;
    }
}

/// <summary>What a flush says about itself.</summary>
internal sealed record Counts(long Records, long Accepted, long Duplicates, long Dead, long Ticks)
{
    public static Counts Of(Flush flush) => new(flush.Records, flush.Accepted, flush.Duplicates, flush.Dead, flush.Ticks);
}
