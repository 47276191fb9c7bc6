namespace Metering.EventLog.Kafka;

/// <summary>
/// One call of <see cref="ITopic.AppendAsync"/>. Its task ends with the last record's result. The lock is what lets the caller take its batch back:
/// once it has ended or was cancelled, the batch is not touched again, whatever delivery reports still come.
/// </summary>
internal sealed class KafkaAppend : TaskCompletionSource
{
    private readonly Lock _lock = new();
    private int _open;
    private bool _finished;

    public KafkaAppend(AppendBatch batch)
        : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        Batch = batch;
        _open = batch.Count;
    }

    public AppendBatch Batch { get; }

    public bool IsFinished => Volatile.Read(ref _finished);

    public void Settle(int index, AppendResult result)
    {
        lock (_lock)
        {
            if (!_finished)
            {
                Set(index, result);
            }
        }
    }

    /// <summary>Gives every record that has no result yet this one.</summary>
    public void RefuseRest(string why)
    {
        lock (_lock)
        {
            for (int i = 0; i < Batch.Count && !_finished; i++)
            {
                if (Batch.Result(i) == default)
                {
                    Set(i, AppendResult.Refused(why));
                }
            }
        }
    }

    /// <summary>Refuses the records from an index on: those that were never handed to the client.</summary>
    public void RefuseFrom(int index, string why)
    {
        lock (_lock)
        {
            for (int i = index; i < Batch.Count && !_finished; i++)
            {
                Set(i, AppendResult.Refused(why));
            }
        }
    }

    public void Cancel(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_finished)
            {
                _finished = true;
                TrySetCanceled(cancellationToken);
            }
        }
    }

    private void Set(int index, AppendResult result)
    {
        Batch.SetResult(index, result);
        if (--_open == 0)
        {
            _finished = true;
            TrySetResult();
        }
    }
}
