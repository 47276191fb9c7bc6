using System.Diagnostics;

namespace Metering.LoadGenerator;

/// <summary>Which ids go next, and when they are due. Safe for concurrent use.</summary>
/// <param name="options">How many, in which batches, how fast.</param>
/// <param name="firstId">The first one.</param>
/// <param name="stop">Ends the load early, between batches.</param>
internal sealed class Schedule(LoadOptions options, long firstId, CancellationToken stop)
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _taken;

    public long Sent => Math.Min(Interlocked.Read(ref _taken), options.Events / options.Batch) * options.Batch;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    /// <summary>Sends on all connections until everything is sent or the load is stopped, and acknowledged.</summary>
    public Task SendAsync(IEnumerable<ISender> senders, CancellationToken cancellationToken) =>
        Task.WhenAll(senders.Select(sender => SendAsync(sender, cancellationToken)));

    private async Task SendAsync(ISender sender, CancellationToken cancellationToken)
    {
        while (Next() is { } next)
        {
            TimeSpan early = next.Due - Elapsed;
            if (early > TimeSpan.Zero)
            {
                await Task.Delay(early, cancellationToken);
            }

            await sender.SendAsync(next.FirstId, cancellationToken);
        }

        await sender.FinishAsync();
    }

    /// <summary>Null when all are taken, or no more are wanted.</summary>
    private (long FirstId, TimeSpan Due)? Next()
    {
        if (stop.IsCancellationRequested)
        {
            return null;
        }

        long number = Interlocked.Increment(ref _taken) - 1;
        if (number >= options.Events / options.Batch)
        {
            return null;
        }

        return (firstId + (number * options.Batch), options.Rate > 0 ? TimeSpan.FromSeconds(number * options.Batch / options.Rate) : TimeSpan.Zero);
    }
}
