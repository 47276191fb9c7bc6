using Metering.Billing.Invoicing;

namespace Metering.Billing.Postgres.Invoices;

/// <param name="Id">Of a draft.</param>
/// <param name="Inputs">Without promotional grants: finalisation adds them as they are under its locks.</param>
/// <param name="Incomplete">Whether it is made before all usage is there.</param>
/// <param name="Reason">Why, when it is.</param>
/// <param name="Accrued">By index of the charge: late usage that was posted to Unbilled before.</param>
public sealed record InvoiceToFinalize(string Id, InvoiceInputs Inputs, bool Incomplete, string? Reason, IReadOnlyDictionary<int, Money> Accrued)
{
    /// <summary>Whose calendar months advance lines are recognised in; null for the customer's.</summary>
    public string? Zone { get; init; }
}

public enum FinalizeOutcome
{
    Finalized,

    /// <summary>It was finalised before; nothing is done again.</summary>
    AlreadyFinal,

    /// <summary>There is no such draft: it was deleted, or never opened.</summary>
    NoDraft,
}

/// <param name="Invoice">As it is now; null when there is none.</param>
public sealed record FinalizedRow(string Id, FinalizeOutcome Outcome, InvoiceRow? Invoice);
