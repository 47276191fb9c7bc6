namespace Metering.Billing.Ledger;

/// <summary>What came of posting a transaction, in order of precedence.</summary>
public enum PostResult
{
    Posted,

    /// <summary>The same transaction was posted before; nothing is posted again.</summary>
    AlreadyPosted,

    /// <summary>The key was used for other entries.</summary>
    ConflictingEntries,

    /// <summary>The key was used for a reversal of something else.</summary>
    ConflictingReversal,

    /// <summary>It reverses something that was never posted.</summary>
    UnknownTransaction,

    /// <summary>What it reverses was reversed before.</summary>
    AlreadyReversed,

    /// <summary>The month it is effective in is closed: book it in the first open one.</summary>
    MonthClosed,

    /// <summary>A balance that cannot be below zero would be: it was spent.</summary>
    Overdrawn,

    /// <summary>It could have been posted, but another of its batch could not.</summary>
    BatchRefused,
}
