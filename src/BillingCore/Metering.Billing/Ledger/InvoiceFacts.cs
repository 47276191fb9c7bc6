using Metering.Billing.Invoicing;

namespace Metering.Billing.Ledger;

/// <summary>A line of a finalised invoice or of a credit note, as the ledger needs it.</summary>
/// <param name="Net">After discounts, before promotional grants and tax. Below zero on an invoice when the line gives something back.</param>
/// <param name="Tax">Of the same sign, or zero.</param>
public sealed record LineFact(string Id, Money Net, Money Tax, LineRecognition Recognition)
{
    /// <summary>The part of the net that was accrued as late usage before; of its sign.</summary>
    public Money Accrued { get; init; } = Money.Zero(Net.Currency);

    /// <summary>For a line that takes back an advance one: what of that is still deferred; not below zero. The rest was revenue already.</summary>
    public Money StillDeferred { get; init; } = Money.Zero(Net.Currency);

    /// <summary>The grant that is bought, for a purchase.</summary>
    public string Grant { get; init; } = "";

    /// <summary>What an invoice with this line moves into Deferred, of either sign: it is recognised over the service time of the line.</summary>
    public Money Deferred => Recognition != LineRecognition.Advance ? Money.Zero(Net.Currency)
        : Net - Accrued is { Sign: < 0 } back ? Money.Max(back, -StillDeferred)
        : Net - Accrued;

    /// <summary>What a credit note with this line takes out of Deferred, zero or more.</summary>
    public Money Undeferred => Recognition == LineRecognition.Advance ? Money.Max(Money.Min(StillDeferred, Net), Money.Zero(Net.Currency)) : Money.Zero(Net.Currency);
}

/// <param name="Amount">Above zero.</param>
public sealed record GrantUse(string Grant, Money Amount);

/// <summary>An invoice when it becomes final.</summary>
/// <param name="Id">Ours, or the provider's for an invoice of theirs: the postings are the same.</param>
/// <param name="Promotional">Grants that reduced the total before tax.</param>
/// <param name="PaidGrants">Grants that settle the total after tax.</param>
/// <param name="CreditUsed">Customer credit that settles it.</param>
public sealed record FinalizedInvoice(
    string Id, string Customer, IReadOnlyList<LineFact> Lines, IReadOnlyList<GrantUse> Promotional, IReadOnlyList<GrantUse> PaidGrants, Money CreditUsed);

/// <summary>A credit note when it is issued.</summary>
/// <param name="Lines">What is taken back; a line below zero reduces it, as one of a correction may.</param>
/// <param name="Promotional">What returns to promotional grants: the lines' share of them.</param>
/// <param name="Open">The part that reduces what the invoice still asks for.</param>
/// <param name="PaidGrants">What was settled by paid grants and returns to them.</param>
/// <param name="Refunds">Whether the rest is sent back, and not kept as customer credit.</param>
public sealed record IssuedCreditNote(
    string Id, string Customer, IReadOnlyList<LineFact> Lines, IReadOnlyList<GrantUse> Promotional, Money Open, IReadOnlyList<GrantUse> PaidGrants, bool Refunds)
{
    /// <summary>Whether what the invoice still asks for was written off: then it is less bad debt.</summary>
    public bool IsWrittenOff { get; init; }
}
