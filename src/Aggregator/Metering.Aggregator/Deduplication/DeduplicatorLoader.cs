using System.Globalization;
using Metering.Aggregator.Engine.Deduplication;
using Metering.Contracts;
using Metering.Storage.Postgres.Generations;
using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.Deduplication;

/// <summary>
/// Brings the dedup state of a partition into memory: segment files that agree with <c>flush_log</c>, and the raw table for the rest. Without
/// any file the raw table alone gives the same state.
/// </summary>
internal sealed partial class DeduplicatorLoader(IAcceptedRows rows, LogGeneration generation, AggregatorOptions options, ILogger<DeduplicatorLoader> logger)
{
    /// <param name="before">Everything accepted at smaller offsets, and nothing else, is in the state.</param>
    /// <param name="clock">The partition's clock: what was appended longer ago than the horizon is left out.</param>
    public async Task<LoadedState> LoadAsync(int part, long before, DateTimeOffset clock, CancellationToken cancellationToken)
    {
        Deduplicator deduplicator = new();
        long sinceMs = Math.Max(0, clock.ToUnixTimeMilliseconds() - (long)(options.Horizon + AggregatorOptions.AppendTimeSlack).TotalMilliseconds);
        await LoadInheritedAsync(deduplicator, part, sinceMs, cancellationToken);
        SegmentStamp last = await LoadSegmentsAsync(deduplicator, part, before, sinceMs, cancellationToken);
        await rows.AddAcceptedAsync(deduplicator, part, Math.Max(last.LastOffset, generation.BaseOffset), before, sinceMs, cancellationToken);
        await rows.AddAwaitedAsync(deduplicator, part, before, sinceMs, cancellationToken);
        if (await rows.AnyBeforeAsync(part, sinceMs, cancellationToken))
        {
            deduplicator.MarkIncomplete();
        }

        deduplicator.Restore(before - 1);
        return new LoadedState(deduplicator, last.LastFlush + 1);
    }

    /// <summary>
    /// What earlier generations accepted of the partition's identities. Always from the raw table, because no record of one partition's flushes sums them
    /// up; in a file only to be out of memory.
    /// </summary>
    private async Task LoadInheritedAsync(Deduplicator deduplicator, int part, long sinceMs, CancellationToken cancellationToken)
    {
        if (generation.Number == 1)
        {
            return;
        }

        await rows.AddAcceptedAsync(deduplicator, part, after: 0, before: generation.BaseOffset + 1, sinceMs, cancellationToken);
        if (deduplicator.ActiveCount > 0)
        {
            (EventIdentity, IdentityEntry)[] entries = deduplicator.ActiveSorted();
            Directory.CreateDirectory(options.CacheDirectory);
            string path = Path.Combine(options.CacheDirectory, string.Create(CultureInfo.InvariantCulture, $"{part:D4}.inherited"));
            deduplicator.ReplaceActive(IdentitySegmentFile.Write(path, new SegmentStamp(part, 0, 0, generation.BaseOffset, entries.Length, default), entries));
        }
    }

    /// <summary>Moves the active identities into a segment file. Called between flushes only, when everything in memory is confirmed.</summary>
    /// <param name="stamp">Without count and checksum, which are computed here.</param>
    public void WriteSegment(Deduplicator deduplicator, SegmentStamp stamp)
    {
        (EventIdentity Identity, IdentityEntry Entry)[] entries = deduplicator.ActiveSorted();
        EventIdentity xor = default;
        foreach ((EventIdentity identity, _) in entries)
        {
            xor ^= identity;
        }

        Directory.CreateDirectory(options.CacheDirectory);
        SegmentStamp full = stamp with { Count = entries.Length, Xor = xor };
        deduplicator.ReplaceActive(IdentitySegmentFile.Write(PathOf(full), full, entries));
        LogSegmentWritten(stamp.Part, entries.Length);
    }

    public static void Delete(IEnumerable<IIdentitySegment> segments)
    {
        foreach (IdentitySegmentFile file in segments.OfType<IdentitySegmentFile>())
        {
            file.Dispose();
            File.Delete(file.Path);
        }
    }

    private string PathOf(SegmentStamp stamp) =>
        Path.Combine(options.CacheDirectory, string.Create(CultureInfo.InvariantCulture, $"{stamp.Part:D4}-{stamp.FirstFlush:D12}-{stamp.LastFlush:D12}.ids"));

    /// <summary>Takes the files in order for as long as each begins where the last ended and agrees with what was confirmed.</summary>
    private async Task<SegmentStamp> LoadSegmentsAsync(Deduplicator deduplicator, int part, long before, long sinceMs, CancellationToken cancellationToken)
    {
        SegmentStamp last = default;
        if (!Directory.Exists(options.CacheDirectory))
        {
            return last;
        }

        foreach (string path in Directory.GetFiles(options.CacheDirectory, string.Create(CultureInfo.InvariantCulture, $"{part:D4}-*.ids")).Order(StringComparer.Ordinal))
        {
            IdentitySegmentFile? file = IdentitySegmentFile.TryOpen(path);
            if (file is null || !await FollowsAsync(file.Stamp, last, sinceMs, cancellationToken) || file.Stamp.LastOffset >= before || !await AgreesAsync(file.Stamp, cancellationToken))
            {
                LogSegmentRefused(path);
                file?.Dispose();
                File.Delete(path);
                continue;
            }

            last = file.Stamp;
            if (file.NewestAtMs < sinceMs)
            {
                Delete([file]);
                deduplicator.MarkIncomplete();
            }
            else
            {
                deduplicator.AddSegment(file);
            }
        }

        return last;
    }

    /// <summary>Whether nothing between the files, or before the first one, is young enough to matter.</summary>
    private async Task<bool> FollowsAsync(SegmentStamp stamp, SegmentStamp last, long sinceMs, CancellationToken cancellationToken)
    {
        if (stamp.FirstFlush == last.LastFlush + 1)
        {
            return true;
        }

        return !await rows.AnyBetweenAsync(stamp.Part, last.LastFlush, stamp.FirstFlush, sinceMs, cancellationToken);
    }

    private async Task<bool> AgreesAsync(SegmentStamp stamp, CancellationToken cancellationToken)
    {
        AcceptedSum sum = await rows.SumAsync(stamp.Part, stamp.FirstFlush, stamp.LastFlush, cancellationToken);
        return sum == new AcceptedSum(stamp.Count, stamp.Xor, stamp.LastOffset, stamp.LastFlush - stamp.FirstFlush + 1);
    }

    [LoggerMessage(3101, LogLevel.Information, "Partition {Part}: {Count} identities moved to a segment file")]
    private partial void LogSegmentWritten(int part, int count);

    [LoggerMessage(3102, LogLevel.Warning, "Dedup cache file {Path} does not agree with flush_log; it is rebuilt from the raw table")]
    private partial void LogSegmentRefused(string path);
}

/// <param name="FirstActiveFlush">The flush from which on the identities are in memory, not in segments.</param>
internal sealed record LoadedState(Deduplicator Deduplicator, long FirstActiveFlush);
