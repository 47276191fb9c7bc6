using System.Numerics;

namespace Metering.EventLog.Embedded;

/// <summary>Where the embedded log lives and how much it may use. Every topic has its own buffer, device and segments.</summary>
public sealed class EmbeddedEventLogOptions
{
    /// <summary>The folder of the log's files; made when missing. One process at a time may have it open.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>
    /// How long a group waits for more records before its fsync. Default zero: a group is what arrived while the previous fsync ran, so a
    /// lone append costs one fsync and a busy log groups by itself. Above zero trades latency for fewer fsyncs.
    /// </summary>
    public TimeSpan CommitDelay { get; init; } = TimeSpan.Zero;

    /// <summary>
    /// A group is committed at the latest when it holds this many bytes. Default 8 MiB; at most <see cref="BufferBytes"/> minus four pages, which
    /// is what bounds the memory of appends in flight.
    /// </summary>
    public int CommitBytes { get; init; } = 8 << 20;

    /// <summary>The largest value of a record. A larger one is refused. Default 1 MiB; must fit in a page.</summary>
    public int MaxRecordBytes { get; init; } = 1 << 20;

    /// <summary>The unit of buffering and of disk reads, a power of two. Default 2 MiB. Fixed in the life of a topic.</summary>
    public int PageBytes { get; init; } = 2 << 20;

    /// <summary>The newest part of a topic kept in memory, a power of two; readers near the end never touch the disk. Default 32 MiB.</summary>
    public int BufferBytes { get; init; } = 32 << 20;

    /// <summary>The size of a file, a power of two, and the unit of retention. Default 256 MiB. Fixed in the life of a topic.</summary>
    public int SegmentBytes { get; init; } = 256 << 20;

    /// <summary>A restart after a crash re-reads and checks at most about this much. Default 64 MiB.</summary>
    public long RecoveryPointBytes { get; init; } = 64L << 20;

    /// <summary>Batches that may wait for the appender before further ones wait outside. Default 4096.</summary>
    public int QueuedBatches { get; init; } = 4096;

    /// <summary>How often retention looks. Default one minute.</summary>
    public TimeSpan RetentionInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>After a disk error, appends are refused at once for this long before the log is tried again. Default 200 ms.</summary>
    public TimeSpan RetryAfterFailure { get; init; } = TimeSpan.FromMilliseconds(200);

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(DataDirectory);
        Require(CommitDelay >= TimeSpan.Zero && CommitDelay <= TimeSpan.FromSeconds(1), nameof(CommitDelay), "must be from 0 to 1 s");
        Require(PageBytes >= 4096 && BitOperations.IsPow2(PageBytes), nameof(PageBytes), "must be a power of two, at least 4 KiB");
        Require(BufferBytes >= 8L * PageBytes && BitOperations.IsPow2(BufferBytes), nameof(BufferBytes), "must be a power of two, at least eight pages");
        Require(SegmentBytes >= PageBytes && BitOperations.IsPow2(SegmentBytes), nameof(SegmentBytes), "must be a power of two, at least a page");
        Require(CommitBytes >= 1 && CommitBytes <= BufferBytes - (4L * PageBytes), nameof(CommitBytes), "must be from 1 to BufferBytes minus four pages");
        Require(MaxRecordBytes >= 1 && LogEntry.SpaceFor(MaxRecordBytes) <= PageBytes, nameof(MaxRecordBytes), "must fit in a page with its header");
        Require(RecoveryPointBytes >= PageBytes, nameof(RecoveryPointBytes), "must be at least a page");
        Require(QueuedBatches >= 1, nameof(QueuedBatches), "must be at least 1");
        Require(RetentionInterval > TimeSpan.Zero, nameof(RetentionInterval), "must be above zero");
        Require(RetryAfterFailure >= TimeSpan.Zero, nameof(RetryAfterFailure), "must not be negative");
    }

    private static void Require(bool holds, string option, string rule)
    {
        if (!holds)
        {
            throw new ArgumentException($"{nameof(EmbeddedEventLogOptions)}.{option} {rule}.");
        }
    }
}
