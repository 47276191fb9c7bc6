using Metering.Aggregator.Engine.Corrections;
using Metering.Aggregator.Engine.Deduplication;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Windowing;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Flushing;

/// <summary>
/// Turns the records of one partition into rows. A pure function of the records in the range, the identities accepted at smaller offsets and
/// the meter revisions active at its start; it knows no clock, no seal and no lateness. One thread at a time.
/// </summary>
/// <param name="partition">Which.</param>
/// <param name="firstPartition">Number of the topic's first partition.</param>
/// <param name="partitionCount">Of the topic: a record that belongs elsewhere is a dead letter, because its copies would not meet it here.</param>
/// <param name="horizon">How long an identity is remembered, by append time; and from what age on usage is history.</param>
/// <param name="deduplicator">The identities accepted at smaller offsets.</param>
public sealed class PartitionEngine(int partition, int firstPartition, int partitionCount, TimeSpan horizon, Deduplicator deduplicator) : IDisposable
{
    private readonly long _horizonMs = (long)horizon.TotalMilliseconds;
    private readonly Contributions _contributions = new();
    private readonly Dictionary<CompiledMeter, byte[][]> _problems = [];
    private Flush? _flush;
    private MeterSet _meters = MeterSet.Empty;
    private IReadOnlyDictionary<EventIdentity, TargetHistory> _histories = new Dictionary<EventIdentity, TargetHistory>();

    public Deduplicator Deduplicator => deduplicator;

    /// <summary>
    /// Adds the identities whose earlier records must be known before the record can be processed: targets of voids and amendments, events
    /// that one of these may have preceded, and events so old that a copy may lie beyond the horizon.
    /// </summary>
    public void CollectNeeds(ReadOnlySpan<byte> value, long appendTimeMs, ISet<EventIdentity> needs)
    {
        if (!UsageRecordCodec.TryRead(value, out UsageRecord record, out _) || record.Kind is RecordKind.Tick or RecordKind.Rejected)
        {
            return;
        }

        bool checksAllTime = IsHistory(record.TimeTicks, appendTimeMs);
        bool mayLieBeyondHorizon = checksAllTime && !deduplicator.IsComplete;
        if (record.Kind == RecordKind.Use && !mayLieBeyondHorizon && !deduplicator.HasAwaited)
        {
            return;
        }

        EventIdentity identity = EventIdentity.Of(record.Tenant, record.Source, record.Id);
        if (record.Kind != RecordKind.Use || mayLieBeyondHorizon || deduplicator.IsAwaited(identity, checksAllTime ? 0 : appendTimeMs - _horizonMs))
        {
            needs.Add(identity);
        }
    }

    /// <param name="lo">The range begins here: above everything confirmed.</param>
    /// <param name="meters">The revisions whose range holds <paramref name="lo"/>.</param>
    /// <param name="histories">For every identity that <see cref="CollectNeeds"/> named over the range: its records below <paramref name="lo"/>.</param>
    public void Begin(long lo, MeterSet meters, IReadOnlyDictionary<EventIdentity, TargetHistory> histories)
    {
        _flush = new Flush { Partition = partition, Lo = lo, Hi = lo };
        _meters = meters;
        _histories = histories;
    }

    /// <summary>Records in offset order.</summary>
    public void Process(long offset, long appendTimeMs, ReadOnlySpan<byte> value)
    {
        Flush flush = Open();
        Invariant.Check(offset >= flush.Lo, "a record below the flush's range");
        Invariant.Check(appendTimeMs > 0, "a record without an append time");
        deduplicator.Advance(offset);
        flush.Records++;
        flush.Hi = offset;
        flush.AtMs = Math.Max(flush.AtMs, appendTimeMs);
        Position position = new(offset, appendTimeMs);
        if (!UsageRecordCodec.TryRead(value, out UsageRecord record, out string? damage))
        {
            DeadLetterRows.Undecodable(flush, position, damage!, value);
            return;
        }

        switch (record.Kind)
        {
            case RecordKind.Tick:
                flush.Ticks++;
                break;
            case RecordKind.Rejected:
                DeadLetterRows.Rejected(flush, position, record);
                break;
            default:
                ProcessEvent(flush, position, record);
                break;
        }
    }

    /// <summary>Ends the range. The caller owns the flush.</summary>
    public Flush End()
    {
        Flush flush = Open();
        _flush = null;
        (flush.DeltaValue, flush.DeltaCount) = _contributions.Deltas.WriteTo(
            flush.Deltas, (ushort)partition, flush.Lo, flush.Hi, (uint)(flush.AtMs / 1000));
        return flush;
    }

    public void Dispose()
    {
        _contributions.Dispose();
        _flush?.Dispose();
    }

    private void ProcessEvent(Flush flush, in Position position, in UsageRecord record)
    {
        EventIdentity target = EventIdentity.Of(record.Tenant, record.Source, record.Id);
        if (firstPartition + target.Partition(partitionCount) != partition)
        {
            DeadLetterRows.Event(flush, position, record, "wrong_partition"u8, "the record lies in a partition that is not its identity's"u8);
            return;
        }

        EventIdentity self = record.Kind == RecordKind.Use
            ? target
            : EventIdentity.OfCorrection(record.Kind, record.Tenant, record.Source, record.Id, record.Key);
        TargetHistory? history = _histories.GetValueOrDefault(target);
        if (WasAccepted(self, record, position, history, out ulong acceptedHash))
        {
            CountRepetition(flush, position, record, acceptedHash);
            return;
        }

        RawRow row = new() { Self = self, Target = target };
        bool accepted = record.Kind switch
        {
            RecordKind.Void => ProcessVoid(flush, position, record, history!, ref row),
            RecordKind.Amend => ProcessAmendment(flush, position, record, history!, ref row),
            _ => ProcessUse(position, record, history, ref row),
        };
        if (accepted)
        {
            Accept(flush, position, record, row);
        }
    }

    /// <summary>The same identity at a smaller offset, not longer ago than the horizon; or ever, for an event that is itself older than it.</summary>
    private bool WasAccepted(in EventIdentity self, in UsageRecord record, in Position position, TargetHistory? history, out ulong payloadHash)
    {
        bool checksAllTime = record.Kind == RecordKind.Use && IsHistory(record.TimeTicks, position.AtMs);
        if (deduplicator.TryFind(self, out IdentityEntry entry) && (checksAllTime || position.AtMs - entry.AtMs <= _horizonMs))
        {
            payloadHash = entry.PayloadHash;
            return true;
        }

        payloadHash = history?.OriginalPayloadHash ?? 0;
        return checksAllTime && history is { HasOriginal: true };
    }

    private static void CountRepetition(Flush flush, in Position position, in UsageRecord record, ulong acceptedHash)
    {
        if (acceptedHash == record.PayloadHash)
        {
            flush.Duplicates++;
        }
        else
        {
            DeadLetterRows.Event(flush, position, record, "conflict"u8, "another event with this source and id was accepted before"u8);
        }
    }

    private bool ProcessUse(in Position position, in UsageRecord record, TargetHistory? history, ref RawRow row)
    {
        row.BornVoid = CorrectionsCameFirst(record, position, row.Self, history);
        Invariant.Check(!row.BornVoid || history is not null, "an event whose corrections came first, without its history");
        if (!row.BornVoid)
        {
            DeltaKind kind = IsHistory(record.TimeTicks, position.AtMs) ? DeltaKind.History : DeltaKind.Use;
            row.Outcome = _contributions.Apply(_meters, Measure(record, row.Self), kind, sign: 1);
        }
        else if (history is { IsVoided: false, Amended: { } amended })
        {
            Apply(record, row.Self, amended, DeltaKind.Amend, sign: 1);
        }

        history?.SawOriginal(EventVersion.Of(record), position.Offset, record.PayloadHash, position.AtMs, row.BornVoid);
        return true;
    }

    /// <summary>Not longer ago than the horizon; or ever, for an event that is itself older than it. As for duplicates.</summary>
    private bool CorrectionsCameFirst(in UsageRecord record, in Position position, in EventIdentity identity, TargetHistory? history) =>
        IsHistory(record.TimeTicks, position.AtMs)
            ? history is { HasOriginal: false, IsVoided: true } or { HasOriginal: false, Amended: not null }
            : deduplicator.IsAwaited(identity, position.AtMs - _horizonMs);

    private bool ProcessVoid(Flush flush, in Position position, in UsageRecord record, TargetHistory history, ref RawRow row)
    {
        if (!TakeBack(flush, position, record, history, DeltaKind.Void, ref row))
        {
            return false;
        }

        history.SawVoid();
        return true;
    }

    private bool ProcessAmendment(Flush flush, in Position position, in UsageRecord record, TargetHistory history, ref RawRow row)
    {
        if (!TakeBack(flush, position, record, history, DeltaKind.Amend, ref row))
        {
            return false;
        }

        if (history is { HasOriginal: true, IsVoided: false })
        {
            row.Outcome = _contributions.Apply(_meters, Measure(record, row.Target), DeltaKind.Amend, sign: 1);
        }

        history.SawAmendment(EventVersion.Of(record));
        return true;
    }

    /// <summary>Negates the version of the target that counts now. False when that is no longer possible.</summary>
    private bool TakeBack(Flush flush, in Position position, in UsageRecord record, TargetHistory history, DeltaKind kind, ref RawRow row)
    {
        row.TargetOffset = history.OriginalOffset;
        row.IsCorrection = true;
        if (!history.HasOriginal)
        {
            deduplicator.Await(row.Target, position.AtMs);
            return true;
        }

        if (history.IsVoided)
        {
            return true;
        }

        if (history.Current!.Erased)
        {
            DeadLetterRows.Event(flush, position, record, "target_erased"u8, "the event's payload was erased, so it cannot be taken back"u8);
            return false;
        }

        Apply(record, row.Target, history.Current, kind, sign: -1);
        return true;
    }

    private void Apply(in UsageRecord record, in EventIdentity identity, EventVersion version, DeltaKind kind, int sign)
    {
        Measured measured = new()
        {
            Identity = identity,
            Tenant = record.Tenant,
            Type = version.Type,
            Subject = version.Subject,
            TimeTicks = version.TimeTicks,
            Data = version.Data,
        };
        _contributions.Apply(_meters, measured, kind, sign);
    }

    private void Accept(Flush flush, in Position position, in UsageRecord record, in RawRow row)
    {
        deduplicator.Add(row.Self, record.PayloadHash, position.AtMs);
        flush.Accepted++;
        flush.IdentityXor ^= row.Self;
        flush.Rounded += row.Outcome.Rounded ? 1 : 0;
        flush.Problems += row.Outcome.ProblemMeter is null ? 0 : 1;
        row.Write(flush.Raw, partition, position, record, ProblemText(row.Outcome));
    }

    private ReadOnlySpan<byte> ProblemText(in Contributions.Outcome outcome)
    {
        if (outcome.ProblemMeter is null)
        {
            return default;
        }

        if (!_problems.TryGetValue(outcome.ProblemMeter, out byte[][]? texts))
        {
            CompiledMeter meter = outcome.ProblemMeter;
            texts = [.. Enum.GetValues<ReadingStatus>().Select(status => System.Text.Encoding.UTF8.GetBytes(ReadingProblem.Describe(status, meter.ValuePath) ?? ""))];
            _problems.Add(meter, texts);
        }

        return texts[(int)outcome.Problem];
    }

    private static Measured Measure(in UsageRecord record, in EventIdentity identity) => new()
    {
        Identity = identity,
        Tenant = record.Tenant,
        Type = record.Type,
        Subject = record.Subject,
        TimeTicks = record.TimeTicks,
        Data = record.Data,
    };

    private bool IsHistory(long timeTicks, long appendTimeMs) =>
        EventTime.TicksOfUnixMs(appendTimeMs) - timeTicks > _horizonMs * TimeSpan.TicksPerMillisecond;

    private Flush Open()
    {
        Invariant.Check(_flush is not null, "no flush was begun");
        return _flush;
    }
}

/// <summary>Where and when a record was appended.</summary>
internal readonly record struct Position(long Offset, long AtMs);
