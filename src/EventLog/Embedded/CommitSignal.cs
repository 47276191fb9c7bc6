namespace Metering.EventLog.Embedded;

/// <summary>Wakes everyone who waits for the log to move. Costs nothing while nobody waits.</summary>
internal sealed class CommitSignal
{
    private TaskCompletionSource? _waiters;

    /// <summary>Completes at the next <see cref="Set"/>. Take it first, then look whether there is something, then wait.</summary>
    public Task Next()
    {
        TaskCompletionSource? waiters = Volatile.Read(ref _waiters);
        if (waiters is null)
        {
            TaskCompletionSource mine = new(TaskCreationOptions.RunContinuationsAsynchronously);
            waiters = Interlocked.CompareExchange(ref _waiters, mine, null) ?? mine;
        }

        return waiters.Task;
    }

    public void Set() => Interlocked.Exchange(ref _waiters, null)?.SetResult();
}
