using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.Sealing;

/// <summary>Seals for as long as this process holds the sealer's lock; waits for it otherwise.</summary>
internal sealed class SealLoop(Sealer sealer, ISealStore store, AggregatorOptions options, TimeProvider time, ILogger<SealLoop> logger)
{
    public async Task RunAsync(int house, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await HoldLockAsync(house, cancellationToken);
            }
            catch (Exception problem) when (problem is not (OperationCanceledException or Partitions.PartitionStoppedException or Engine.InvariantException))
            {
                AggregatorLog.TaskFailed(logger, "Sealing", problem.Message, problem);
            }

            await Task.Delay(options.SealInterval, time, cancellationToken);
        }
    }

    private async Task HoldLockAsync(int house, CancellationToken cancellationToken)
    {
        await using ISealerLock? held = await store.TryLockAsync(cancellationToken);
        while (held is not null)
        {
            bool sealedOne = await sealer.StepAsync(house, cancellationToken);
            await held.CheckAsync(cancellationToken);
            if (!sealedOne)
            {
                await Task.Delay(options.SealInterval, time, cancellationToken);
            }
        }
    }
}
