using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Metering.Aggregator.Partitions;

/// <summary>
/// How the aggregator waits for its databases: for ever, with back-off. What it holds stays as it is, consumption pauses at the flush's
/// limit, and nothing is lost. Decisions (stopped, lost) and broken invariants are never retried.
/// </summary>
internal static class Retry
{
    public static ResiliencePipeline Pipeline(TimeProvider time, ILogger logger) =>
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
                OnRetry = args =>
                {
                    AggregatorLog.Retrying(logger, args.AttemptNumber + 1, args.RetryDelay, args.Outcome.Exception!.Message, args.Outcome.Exception);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
}
