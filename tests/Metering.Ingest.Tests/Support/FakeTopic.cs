using System.Collections.Concurrent;
using Metering.Contracts;
using Metering.EventLog;

namespace Metering.Ingest.Tests.Support;

/// <summary>A topic in memory that can be slow, refuse everything, or fail some records.</summary>
internal sealed class FakeTopic : ITopic
{
    private readonly ConcurrentQueue<StoredRecord> _records = new();
    private long _offset;
    private int _appends;

    public string Name => Topics.UsageEvents;

    public int PartitionCount => 4;

    public string Id => "fake";

    /// <summary>Appends wait for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Which records are refused.</summary>
    public Func<StoredRecord, bool> Fails { get; set; } = _ => false;

    /// <summary>Thrown by every append.</summary>
    public Exception? Broken { get; set; }

    public IReadOnlyList<StoredRecord> Records => [.. _records];

    public int Appends => Volatile.Read(ref _appends);

    public IEnumerable<StoredRecord> Of(RecordKind kind) => _records.Where(record => record.Kind == kind);

    public async ValueTask AppendAsync(AppendBatch batch, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _appends);
        await Gate.WaitAsync(cancellationToken);
        if (Broken is not null)
        {
            throw Broken;
        }

        for (int i = 0; i < batch.Count; i++)
        {
            StoredRecord record = StoredRecord.Read(batch.Partition(i), batch.Value(i).Span);
            bool fails = Fails(record);
            batch.SetResult(i, fails ? AppendResult.Refused("told to") : new AppendResult(Interlocked.Increment(ref _offset), 1));
            if (!fails)
            {
                _records.Enqueue(record);
            }
        }
    }

    public ValueTask<OffsetRange> GetRangeAsync(int partition, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ILogReader> OpenReaderAsync(IReadOnlyList<PartitionOffset> from, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
