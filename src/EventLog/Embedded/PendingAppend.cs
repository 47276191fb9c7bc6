using System.Buffers;

namespace Metering.EventLog.Embedded;

/// <summary>
/// One call of <see cref="ITopic.AppendAsync"/> on its way through the appender. The lock is what lets the caller take its batch back when it cancels:
/// once <see cref="Cancel"/> returns, the batch is not touched again.
/// </summary>
internal sealed class PendingAppend : TaskCompletionSource
{
    private const long Refused = 0;

    private readonly Lock _lock = new();
    private readonly AppendBatch _batch;
    private readonly int _count;
    private long[] _offsets;
    private int _copied;
    private int _settled;
    private long _appendTimeMs;
    private bool _finished;

    public PendingAppend(AppendBatch batch)
        : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        _batch = batch;
        _count = batch.Count;
        _offsets = ArrayPool<long>.Shared.Rent(_count);
    }

    /// <summary>Copies records into the log until all are there or the group is full.</summary>
    /// <returns>Whether nothing is left to copy.</returns>
    public bool CopyTo(OpenLog log, LogPosition next, uint seed, long limit, int maxRecordBytes)
    {
        lock (_lock)
        {
            _appendTimeMs = next.AppendTimeMs;
            while (!_finished && _copied < _count)
            {
                int bytes = _batch.Value(_copied).Length;
                if (bytes > maxRecordBytes)
                {
                    _offsets[_copied++] = Refused;
                    continue;
                }

                if (log.Tail >= limit)
                {
                    return false;
                }

                long offset = log.Enqueue(new LogEntry(_batch, _copied, _appendTimeMs, next.Sequence + 1, seed));
                next.Sequence++;
                next.Note(_batch.Partition(_copied), offset);
                _offsets[_copied++] = offset;
            }

            return true;
        }
    }

    /// <summary>What was copied is durable: gives the records their results, and ends the call with the last of them.</summary>
    public void Settle(int maxRecordBytes)
    {
        lock (_lock)
        {
            if (_finished)
            {
                return;
            }

            for (; _settled < _copied; _settled++)
            {
                long offset = _offsets[_settled];
                _batch.SetResult(_settled, offset == Refused ? TooLarge(_settled, maxRecordBytes) : new AppendResult(offset, _appendTimeMs));
            }

            if (_settled == _count)
            {
                Finish();
                TrySetResult();
            }
        }
    }

    public void Refuse(string why)
    {
        lock (_lock)
        {
            if (_finished)
            {
                return;
            }

            for (; _settled < _count; _settled++)
            {
                _batch.SetResult(_settled, AppendResult.Refused(why));
            }

            Finish();
            TrySetResult();
        }
    }

    public void Cancel(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_finished)
            {
                Finish();
                TrySetCanceled(cancellationToken);
            }
        }
    }

    private AppendResult TooLarge(int index, int maxRecordBytes) =>
        AppendResult.Refused($"The record has {_batch.Value(index).Length} bytes; this log takes at most {maxRecordBytes}.");

    private void Finish()
    {
        _finished = true;
        ArrayPool<long>.Shared.Return(_offsets);
        _offsets = [];
    }
}
