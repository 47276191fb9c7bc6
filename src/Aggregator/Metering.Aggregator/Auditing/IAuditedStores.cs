using Metering.Aggregator.ClickHouse;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Sealing;

namespace Metering.Aggregator.Auditing;

/// <summary>What the audit compares, each as its store tells it.</summary>
internal interface IAuditedStores
{
    /// <summary>Of every partition, in order, the house partition last.</summary>
    Task<IReadOnlyList<Progress>> ProgressAsync(CancellationToken cancellationToken);

    /// <summary>The partition's flush records up to its progress.</summary>
    /// <param name="kept">Rows appended earlier may have been dropped.</param>
    Task<FlushTotals> FlushTotalsAsync(Progress progress, DateTime kept, CancellationToken cancellationToken);

    /// <summary>The partition's raw rows and dead letters from an offset up to its progress.</summary>
    Task<RowTotals> RowTotalsAsync(Progress progress, long from, CancellationToken cancellationToken);

    /// <summary>Voids and amendments appended before an instant whose event has not come.</summary>
    Task<long> CountUnmatchedAsync(DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>Every UTC day that has an event or a window.</summary>
    Task<IReadOnlyList<string>> DaysAsync(CancellationToken cancellationToken);

    /// <summary>Streams the windows of one day, as of a seal and the confirmed offsets. Columns tenant, meter, subject, minute, grp, v, vt, vid, s, n.</summary>
    Task ReadWindowsAsync(string day, Seal seal, long[] confirmed, MeterRevision[] meters, RowStream.TryRow tryRow, CancellationToken cancellationToken);
}

/// <summary>What PostgreSQL says of a partition.</summary>
internal sealed record Progress(int Part, long Confirmed, long FlushNo, long Records);

/// <summary>What the flush records of a partition say. The last four are of those whose rows are all kept.</summary>
internal sealed record FlushTotals(
    long Count, long Records, long Accepted, long Duplicates, long Dead, long Ticks, long Broken, long HighestOffset, long KeptAccepted, string KeptXor, long KeptDead, long FirstKept);

/// <summary>What the rows of a partition say.</summary>
internal sealed record RowTotals(long Raw, string Xor, long Dead);
