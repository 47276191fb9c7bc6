using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.Partitions;

/// <summary>
/// How the aggregator waits for its databases: for ever, with back-off. What it holds stays as it is, consumption pauses at the flush's
/// limit, and nothing is lost. Decisions (stopped, lost) and broken invariants are never retried, nor is what does not fit in memory: only giving
/// the partition's memory back helps.
/// </summary>
/// <remarks>A loop of our own, because every wait of the protocol must be able to run on the clock and the thread of a simulation.</remarks>
/// <param name="time">Waits on it.</param>
/// <param name="jitter">Spreads the attempts of many owners.</param>
internal sealed class Retry(TimeProvider time, Random jitter, ILogger<Retry> logger)
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(5);

    public async Task<T> ExecuteAsync<T>(Func<CancellationToken, Task<T>> action, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await action(cancellationToken);
            }
            catch (Exception problem) when (!Ends(problem))
            {
                TimeSpan delay = Delay(attempt);
                AggregatorLog.Retrying(logger, attempt, delay, problem.Message, problem);
                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }

    /// <inheritdoc cref="ExecuteAsync{T}"/>
    public Task ExecuteAsync(Func<CancellationToken, Task> action, CancellationToken cancellationToken) => ExecuteAsync(
        async token =>
        {
            await action(token);
            return true;
        },
        cancellationToken);

    private static bool Ends(Exception problem) => problem is OperationCanceledException or PartitionStoppedException or PartitionLostException
        or Engine.InvariantException or OutOfMemoryException;

    /// <summary>Doubles up to the longest, and is between half of that and all of it.</summary>
    private TimeSpan Delay(int attempt)
    {
        TimeSpan most = s_shortest * Math.Pow(2, Math.Min(attempt - 1, 10));
        return (most < s_longest ? most : s_longest) * (0.5 + (jitter.NextDouble() / 2));
    }
}
