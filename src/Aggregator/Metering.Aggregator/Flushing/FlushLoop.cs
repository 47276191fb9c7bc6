using Metering.Aggregator.Corrections;
using Metering.Aggregator.Engine.Corrections;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Meters;
using Metering.Aggregator.Partitions;
using Metering.Contracts;
using Metering.EventLog;
using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.Flushing;

/// <summary>
/// The consumer loop over all log partitions of this owner: gather records, build one flush per partition, send them together. One loop, one
/// thread at a time; nothing here is shared.
/// </summary>
internal sealed class FlushLoop(
    Flusher flusher, IHistoryReader histories, IMeterRanges ranges, MeterCatalog catalog, Retry retry, AggregatorOptions options, TimeProvider time, ILogger<FlushLoop> logger)
{
    private static readonly TimeSpan s_clockTolerance = TimeSpan.FromHours(1);

    /// <summary>Sends again what a former owner, or this process before it died, had on its way: exactly the recorded ranges.</summary>
    public async Task ResendAsync(OwnedPartition owner, long lo, long hi, ITopic topic, CancellationToken cancellationToken)
    {
        AggregatorLog.Resending(logger, owner.Part, owner.FlushNo + 1, lo, hi);
        using RecordBatch batch = new();
        await using (ILogReader reader = await topic.OpenReaderAsync([new PartitionOffset(owner.Part, lo)], cancellationToken))
        {
            while (batch.Count == 0 || batch[batch.Count - 1].Offset < hi)
            {
                Gather(batch, await reader.ReadAsync(options.FlushRecords, options.FlushBytes, TimeSpan.FromSeconds(1), cancellationToken), hi);
            }
        }

        owner.Meters = await ranges.ActiveAsync(owner.Part, lo, cancellationToken);
        await FlushAsync([owner], batch, inDoubt: true, lo, cancellationToken);
    }

    /// <param name="stopping">Ends the loop after what was gathered is flushed.</param>
    /// <param name="abort">Ends it at once.</param>
    public async Task RunAsync(IReadOnlyList<OwnedPartition> owned, ITopic topic, CancellationToken stopping, CancellationToken abort)
    {
        await using ILogReader reader = await topic.OpenReaderAsync(
            [.. owned.Select(one => new PartitionOffset(one.Part, one.Confirmed == 0 ? 0 : one.Confirmed + 1))], abort);
        using RecordBatch batch = new();
        while (!stopping.IsCancellationRequested)
        {
            await RefreshMetersAsync(owned, abort);
            batch.Clear();
            await GatherAsync(reader, owned, batch, stopping, abort);
            if (batch.Count > 0)
            {
                await FlushAsync(owned, batch, inDoubt: false, lo: 0, abort);
            }
        }
    }

    /// <summary>Reads until the flush is full, old enough, or the meters have changed.</summary>
    private async Task GatherAsync(ILogReader reader, IReadOnlyList<OwnedPartition> owned, RecordBatch batch, CancellationToken stopping, CancellationToken abort)
    {
        long meters = catalog.Current.Version;
        DateTimeOffset? first = null;
        bool onlyTicks = true;
        while (!stopping.IsCancellationRequested && batch.Count < options.FlushRecords && batch.ByteCount < options.FlushBytes && catalog.Current.Version == meters)
        {
            TimeSpan left = first is null
                ? options.MeterPollInterval
                : first.Value + (onlyTicks ? options.TickFlushInterval : options.FlushInterval) - time.GetUtcNow();
            if (left <= TimeSpan.Zero)
            {
                return;
            }

            TimeSpan wait = left < options.MeterPollInterval ? left : options.MeterPollInterval;
            IReadOnlyList<LogRecord> records = await reader.ReadAsync(options.FlushRecords - batch.Count, options.FlushBytes - batch.ByteCount, wait, abort);
            if (records.Count > 0)
            {
                onlyTicks &= Gather(batch, records, long.MaxValue);
                Touch(owned, records);
                first ??= time.GetUtcNow();
            }
        }
    }

    /// <returns>Whether all of them are ticks.</returns>
    private static bool Gather(RecordBatch batch, IReadOnlyList<LogRecord> records, long upTo)
    {
        bool onlyTicks = true;
        for (int i = 0; i < records.Count; i++)
        {
            LogRecord record = records[i];
            if (record.Offset <= upTo)
            {
                batch.Add(record);
                onlyTicks &= TickRecord.Is(record.Value.Span);
            }
        }

        return onlyTicks;
    }

    /// <summary>A record far ahead of this clock would push the seals into the future; one of the two clocks is wrong.</summary>
    private void Touch(IReadOnlyList<OwnedPartition> owned, IReadOnlyList<LogRecord> records)
    {
        DateTimeOffset now = time.GetUtcNow();
        long limit = (now + s_clockTolerance).ToUnixTimeMilliseconds();
        for (int i = 0; i < records.Count; i++)
        {
            LogRecord record = records[i];
            if (record.AppendTimeMs > limit)
            {
                throw new PartitionStoppedException(
                    record.Partition, $"the record at offset {record.Offset} was appended at {DateTimeOffset.FromUnixTimeMilliseconds(record.AppendTimeMs):O}, more than an hour ahead of this clock ({now:O})");
            }
        }

        foreach (OwnedPartition one in owned)
        {
            one.LastRead = now;
        }
    }

    private async Task RefreshMetersAsync(IReadOnlyList<OwnedPartition> owned, CancellationToken cancellationToken)
    {
        long version = catalog.Current.Version;
        foreach (OwnedPartition owner in owned.Where(one => one.MetersVersion != version))
        {
            bool held = await retry.ExecuteAsync(async token => await ranges.RegisterAsync(owner.Part, owner.Epoch, token), cancellationToken);
            if (!held)
            {
                throw new PartitionLostException(owner.Part);
            }

            owner.Meters = await retry.ExecuteAsync(async token => await ranges.ActiveAsync(owner.Part, owner.Confirmed + 1, token), cancellationToken);
            owner.MetersVersion = version;
        }
    }

    private async Task FlushAsync(IReadOnlyList<OwnedPartition> owned, RecordBatch batch, bool inDoubt, long lo, CancellationToken cancellationToken)
    {
        Dictionary<int, OwnedPartition> byPart = owned.ToDictionary(one => one.Part);
        Dictionary<int, long> starts = Starts(batch, lo);
        Dictionary<int, HashSet<EventIdentity>> needs = Needs(byPart, batch);
        foreach ((int part, long start) in starts)
        {
            IReadOnlyDictionary<EventIdentity, TargetHistory> known = needs.TryGetValue(part, out HashSet<EventIdentity>? wanted)
                ? await retry.ExecuteAsync(async token => await histories.ReadAsync(part, start, wanted, token), cancellationToken)
                : new Dictionary<EventIdentity, TargetHistory>();
            byPart[part].Engine.Begin(start, byPart[part].Meters, known);
        }

        Process(byPart, batch);
        (OwnedPartition Owner, Flush Flush)[] built = [.. starts.Keys.Select(part => (byPart[part], byPart[part].Engine.End()))];
        try
        {
            await flusher.SendAsync(built, inDoubt, cancellationToken);
        }
        finally
        {
            foreach ((_, Flush flush) in built)
            {
                flush.Dispose();
            }
        }
    }

    private static Dictionary<int, long> Starts(RecordBatch batch, long lo)
    {
        Dictionary<int, long> starts = [];
        for (int i = 0; i < batch.Count; i++)
        {
            starts.TryAdd(batch[i].Partition, lo > 0 ? lo : batch[i].Offset);
        }

        return starts;
    }

    private static Dictionary<int, HashSet<EventIdentity>> Needs(Dictionary<int, OwnedPartition> byPart, RecordBatch batch)
    {
        Dictionary<int, HashSet<EventIdentity>> needs = [];
        HashSet<EventIdentity> found = [];
        for (int i = 0; i < batch.Count; i++)
        {
            RecordBatch.Entry entry = batch[i];
            byPart[entry.Partition].Engine.CollectNeeds(batch.Value(entry), entry.AppendTimeMs, found);
            if (found.Count > 0)
            {
                needs.TryAdd(entry.Partition, []);
                needs[entry.Partition].UnionWith(found);
                found.Clear();
            }
        }

        return needs;
    }

    private static void Process(Dictionary<int, OwnedPartition> byPart, RecordBatch batch)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            RecordBatch.Entry entry = batch[i];
            byPart[entry.Partition].Engine.Process(entry.Offset, entry.AppendTimeMs, batch.Value(entry));
        }
    }
}
