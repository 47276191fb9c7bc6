using Metering.Aggregator.Flushing;
using Metering.EventLog;
using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.Partitions;

/// <summary>Answers silence with a tick, so that the clock of a partition nobody writes to advances and seals do not wait for it.</summary>
internal sealed class TickLoop(AggregatorOptions options, TimeProvider time, ILogger<TickLoop> logger)
{
    public async Task RunAsync(IReadOnlyList<OwnedPartition> owned, ITopic topic, CancellationToken cancellationToken)
    {
        using AppendBatch batch = new();
        using PeriodicTimer timer = new(options.TickInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            batch.Reset();
            foreach (OwnedPartition one in owned.Where(one => time.GetUtcNow() - one.LastRead >= options.TickInterval))
            {
                TickRecord.AddTo(batch, one.Part);
            }

            if (batch.Count > 0)
            {
                await AppendAsync(topic, batch, cancellationToken);
            }
        }
    }

    private async Task AppendAsync(ITopic topic, AppendBatch batch, CancellationToken cancellationToken)
    {
        await topic.AppendAsync(batch, cancellationToken);
        for (int i = 0; i < batch.Count; i++)
        {
            if (batch.Result(i).Failure is { } failure)
            {
                AggregatorLog.Lost(logger, $"The log refused a tick for partition {batch.Partition(i)}: {failure}");
                return;
            }
        }
    }
}
