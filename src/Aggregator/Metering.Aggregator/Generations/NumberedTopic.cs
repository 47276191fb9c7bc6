using System.Buffers;
using System.Collections;
using Metering.EventLog;
using Metering.Storage.Postgres.Generations;

namespace Metering.Aggregator.Generations;

/// <summary>
/// A topic of a later generation under the numbers of its generation: partition and offset are those of the topic, moved on by where the generation
/// begins. Does not own the topic.
/// </summary>
internal sealed class NumberedTopic(ITopic topic, LogGeneration generation) : ITopic
{
    public string Name => topic.Name;

    public int PartitionCount => topic.PartitionCount;

    public string Id => topic.Id;

    public async ValueTask AppendAsync(AppendBatch batch, CancellationToken cancellationToken)
    {
        using AppendBatch renumbered = new();
        for (int i = 0; i < batch.Count; i++)
        {
            renumbered.Write(batch.Value(i).Span);
            renumbered.EndRecord(batch.Partition(i) - generation.FirstPart);
        }

        await topic.AppendAsync(renumbered, cancellationToken);
        for (int i = 0; i < batch.Count; i++)
        {
            AppendResult result = renumbered.Result(i);
            batch.SetResult(i, result.IsDurable ? result with { Offset = result.Offset + generation.BaseOffset } : result);
        }
    }

    public async ValueTask<OffsetRange> GetRangeAsync(int partition, CancellationToken cancellationToken)
    {
        OffsetRange range = await topic.GetRangeAsync(partition - generation.FirstPart, cancellationToken);
        return new OffsetRange(range.Low + generation.BaseOffset, range.High + generation.BaseOffset);
    }

    public async Task<ILogReader> OpenReaderAsync(IReadOnlyList<PartitionOffset> from, CancellationToken cancellationToken)
    {
        PartitionOffset[] own = [.. from.Select(start => new PartitionOffset(start.Partition - generation.FirstPart, OwnStart(start.Offset)))];
        return new Reader(await topic.OpenReaderAsync(own, cancellationToken), generation);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>The first offset of the generation is the beginning, whatever of it is retained.</summary>
    private long OwnStart(long offset) => offset <= generation.BaseOffset + 1 ? 0 : offset - generation.BaseOffset;

    private sealed class Reader(ILogReader reader, LogGeneration generation) : ILogReader
    {
        private readonly Renumbered _records = new(generation);

        public async ValueTask<IReadOnlyList<LogRecord>> ReadAsync(int maxRecords, int maxBytes, TimeSpan maxWait, CancellationToken cancellationToken)
        {
            _records.Own = await reader.ReadAsync(maxRecords, maxBytes, maxWait, cancellationToken);
            return _records;
        }

        public ValueTask DisposeAsync() => reader.DisposeAsync();
    }

    private sealed class Renumbered(LogGeneration generation) : IReadOnlyList<LogRecord>
    {
        public IReadOnlyList<LogRecord> Own { get; set; } = [];

        public int Count => Own.Count;

        public LogRecord this[int index]
        {
            get
            {
                LogRecord record = Own[index];
                return record with { Partition = record.Partition + generation.FirstPart, Offset = record.Offset + generation.BaseOffset };
            }
        }

        public IEnumerator<LogRecord> GetEnumerator()
        {
            for (int i = 0; i < Count; i++)
            {
                yield return this[i];
            }
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
