using Metering.Billing.Credits;
using Metering.Billing.Tax;

namespace Metering.Billing.Invoicing;

/// <summary>
/// All that an invoice depends on: it is stored with the invoice, and the same inputs give the same bytes for ever. Its number, credits,
/// payments and renderings are not among them.
/// </summary>
public sealed record InvoiceInputs
{
    public required string Subscription { get; init; }

    /// <summary>The subscription's history up to this fact.</summary>
    public required long HistorySequence { get; init; }

    /// <summary>The subject mapping up to this change. Null for invoices that bill no subscription, and for those from before it was stored.</summary>
    public long? MappingSequence { get; init; }

    /// <summary>What was due by then was billed before. Null when nothing was, and for invoices from before it was stored.</summary>
    public DateTimeOffset? BilledTo { get; init; }

    /// <summary>Usage is as of this seal …</summary>
    public required long Seal { get; init; }

    /// <summary>… and of history approved up to this one.</summary>
    public required long ApprovedHistorySeal { get; init; }

    /// <summary>The zone rules that made the period's instants.</summary>
    public required string Tzdb { get; init; }

    public required Currency Currency { get; init; }

    public RoundingMode Rounding { get; init; }

    public required IReadOnlyList<Charge> Charges { get; init; }

    public IReadOnlyList<CommitmentCharge> Commitments { get; init; } = [];

    /// <summary>Of the whole invoice, by the billing periods of its lines; each period at most once.</summary>
    public IReadOnlyList<PeriodDiscounts> Discounts { get; init; } = [];

    /// <summary>As they were when the invoice was finalised.</summary>
    public IReadOnlyList<Grant> PromotionalGrants { get; init; } = [];

    public required TaxTerms Tax { get; init; }
}
