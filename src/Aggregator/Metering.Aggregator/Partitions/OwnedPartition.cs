using Metering.Aggregator.Deduplication;
using Metering.Aggregator.Engine.Deduplication;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;

namespace Metering.Aggregator.Partitions;

/// <summary>A partition this process owns, with everything it holds in memory for it. Thrown away whole when the partition is lost.</summary>
internal sealed class OwnedPartition(PartitionState state, PartitionEngine engine, LoadedState loaded) : IDisposable
{
    public int Part => state.Part;

    public long Epoch => state.Epoch;

    public PartitionEngine Engine => engine;

    public Deduplicator Deduplicator => loaded.Deduplicator;

    /// <summary>Every record at or below is in ClickHouse and recorded so.</summary>
    public long Confirmed { get; private set; } = state.Confirmed;

    public long FlushNo { get; private set; } = state.FlushNo;

    public DateTimeOffset Clock { get; private set; } = state.Clock;

    /// <summary>The first flush whose identities are in memory rather than in segment files.</summary>
    public long FirstActiveFlush { get; set; } = loaded.FirstActiveFlush;

    public MeterSet Meters { get; set; } = MeterSet.Empty;

    /// <summary>Of the catalog when <see cref="Meters"/> was last set.</summary>
    public long MetersVersion { get; set; } = -1;

    /// <summary>When a record was last read, on this process's clock: silence is answered with a tick.</summary>
    public DateTimeOffset LastRead { get; set; }

    public void Confirm(Flush flush)
    {
        Confirmed = flush.Hi;
        FlushNo++;
        DateTimeOffset at = DateTimeOffset.FromUnixTimeMilliseconds(flush.AtMs);
        Clock = at > Clock ? at : Clock;
    }

    public void Dispose()
    {
        engine.Dispose();
        foreach (IDisposable segment in Deduplicator.Segments.OfType<IDisposable>())
        {
            segment.Dispose();
        }
    }
}
