using Metering.Embedded.Processes;

namespace Metering.Embedded.ClickHouse;

/// <summary>The lock that the engine's own process holds on its files, besides the one of the process that supervises it.</summary>
internal static class EngineFolder
{
    private static readonly TimeSpan LeftoverPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>An engine whose parent was killed needs a moment to notice and end; that is all there is to wait for here.</summary>
    public static async Task<FolderLock> TakeAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = new(LeftoverPatience, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await FolderLock.WaitAsync(Path.Combine(path, "metering-engine.lock"), Poll, time, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new EngineException($"The ClickHouse folder {path} is still in use by an earlier engine process.");
        }
    }
}
