namespace Metering.Billing.Postgres.Ledger;

/// <summary>What becomes of the others when one of a batch is refused.</summary>
public enum PostMode
{
    /// <summary>All or none.</summary>
    Atomic,

    /// <summary>Each stands for itself, in order.</summary>
    Each,

    /// <summary>As <see cref="Each"/>, and nothing is kept.</summary>
    DryRun,
}
