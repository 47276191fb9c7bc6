using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Metering.Aggregator.Partitions;

/// <summary>
/// How the aggregator waits for its databases: for ever, with back-off. What it holds stays as it is, consumption pauses at the flush's
/// limit, and nothing is lost. Decisions (stopped, lost) and broken invariants are never retried.
/// </summary>
/// <param name="time">Waits on it.</param>
/// <param name="jitter">Spreads the attempts of many owners.</param>
internal sealed class Retry(TimeProvider time, Random jitter)
{
    public ResiliencePipeline Pipeline(ILogger logger) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = args => ValueTask.FromResult(
                    args.Outcome.Exception is not (null or OperationCanceledException or PartitionStoppedException or PartitionLostException or Engine.InvariantException)),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(100),
                MaxDelay = TimeSpan.FromSeconds(5),
                UseJitter = true,
                Randomizer = jitter.NextDouble,
                OnRetry = args =>
                {
                    AggregatorLog.Retrying(logger, args.AttemptNumber + 1, args.RetryDelay, args.Outcome.Exception!.Message, args.Outcome.Exception);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
}
