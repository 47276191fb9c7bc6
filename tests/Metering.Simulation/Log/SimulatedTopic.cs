using Metering.EventLog;
using Metering.Simulation.Running;

namespace Metering.Simulation.Log;

/// <summary>The log as one process sees it.</summary>
internal sealed class SimulatedTopic(World world, Node node, SimulatedLog log, LogFaults faults) : ITopic
{
    public string Name => "usage.events";

    public int PartitionCount => log.Partitions;

    public string Id => "simulated";

    public async ValueTask AppendAsync(AppendBatch batch, CancellationToken cancellationToken)
    {
        world.CheckThread();
        TaskCompletionSource<AppendResult[]> answer = new();
        (int, byte[])[] records = [.. Enumerable.Range(0, batch.Count).Select(i => (batch.Partition(i), batch.Value(i).ToArray()))];
        bool refused = world.Chance(faults.Refusal), answerLost = world.Chance(faults.Refusal);
        if (refused || answerLost)
        {
            world.Tell($"{node.Name} append: {(refused ? "refused" : "answer lost")}");
        }

        world.After(world.Between(0.0002, 0.005), null, () =>
        {
            if (refused)
            {
                Answer(answer, records.Length, null);
                return;
            }

            log.Append(records, (acknowledged, results) => Answer(answer, records.Length, acknowledged && !answerLost ? results : null));
        });
        await using CancellationTokenRegistration cancelled = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource<AppendResult[]>)state!).TrySetCanceled(token), answer);
        AppendResult[] all = await answer.Task;
        for (int i = 0; i < all.Length; i++)
        {
            batch.SetResult(i, all[i]);
        }
    }

    public ValueTask<OffsetRange> GetRangeAsync(int partition, CancellationToken cancellationToken) => new(new OffsetRange(0, log.End(partition)));

    public Task<ILogReader> OpenReaderAsync(IReadOnlyList<PartitionOffset> from, CancellationToken cancellationToken) =>
        Task.FromResult<ILogReader>(new SimulatedReader(world, node, log, faults, from));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Answer(TaskCompletionSource<AppendResult[]> answer, int count, AppendResult[]? results) => world.After(
        world.Between(0.0002, 0.005), node,
        () => answer.TrySetResult(results ?? [.. Enumerable.Repeat(AppendResult.Refused("the log is not available"), count)]));
}

/// <summary>How likely the log fails a call.</summary>
internal sealed class LogFaults
{
    public double Refusal { get; set; }

    public double ReadError { get; set; }

    public void End() => (Refusal, ReadError) = (0, 0);
}
