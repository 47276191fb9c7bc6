namespace Metering.Aggregator.Sealing;

/// <summary>The seals that were begun and finished. The number is the fence: two sealers cannot make the same one twice.</summary>
internal interface ISealStore
{
    /// <summary>Takes the lock whose holder seals: one per deployment.</summary>
    /// <returns>Null while another process holds it. Disposing gives it back.</returns>
    Task<ISealerLock?> TryLockAsync(CancellationToken cancellationToken);

    /// <summary>The newest finished seal, and the one that was begun and not finished, if any.</summary>
    Task<(Seal Last, Seal? Pending)> LastAsync(CancellationToken cancellationToken);

    /// <summary>The newest finished seal that was made before an instant.</summary>
    Task<Seal?> NewestBeforeAsync(DateTimeOffset sealedBefore, CancellationToken cancellationToken);

    /// <summary>All partitions in one statement. Null while a partition has never confirmed a record: its clock is unknown.</summary>
    /// <returns>The clock is the slowest partition's, at most the store's own.</returns>
    Task<(long[] Cut, DateTimeOffset Clock)?> ReadProgressAsync(int partitions, CancellationToken cancellationToken);

    /// <summary>Records a seal with its values before its first row is written.</summary>
    /// <returns>False when another sealer made this number.</returns>
    Task<bool> BeginAsync(Seal seal, CancellationToken cancellationToken);

    /// <summary>Records that a seal is written.</summary>
    Task FinishAsync(long number, CancellationToken cancellationToken);
}

/// <summary>The sealer's lock, held.</summary>
internal interface ISealerLock : IAsyncDisposable
{
    /// <exception cref="Exception">It may be lost.</exception>
    Task CheckAsync(CancellationToken cancellationToken);
}
