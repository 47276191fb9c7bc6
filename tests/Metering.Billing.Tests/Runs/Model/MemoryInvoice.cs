using Metering.Billing.Invoicing;
using Metering.Billing.Runs;

namespace Metering.Billing.Tests.Runs.Model;

/// <summary>An invoice as it was issued.</summary>
internal sealed class MemoryInvoice(string id, DateTimeOffset dueAt, Invoice invoice, IReadOnlyList<IssuedLine> lines, Settlement settlement)
{
    public string Id => id;

    public DateTimeOffset DueAt => dueAt;

    public Invoice Invoice => invoice;

    public List<IssuedLine> Lines { get; } = [.. lines];

    /// <summary>Parts of its credit notes whose line is on another invoice or on none: they are issued as well.</summary>
    public List<IssuedLine> Others { get; } = [];

    public InvoiceState State { get; set; } = InvoiceLife.With(InvoiceState.Open, settlement.AmountDue);

    /// <summary>It was voided, and shall not be billed again.</summary>
    public bool IsWaived { get; set; }

    /// <summary>It sells a grant, and bills no subscription.</summary>
    public required bool IsPurchase { get; init; }

    /// <summary>What grants have paid of it, promotional and paid ones, each in the order of use.</summary>
    public required IReadOnlyList<MemoryUse> Promotions { get; init; }

    public required IReadOnlyList<MemoryUse> PaidGrants { get; init; }

    public bool HasPayments { get; set; }

    public bool HasNotes { get; set; }

    public Money Remaining { get; set; } = settlement.AmountDue;

    public Money Notes { get; set; } = Money.Zero(invoice.Currency);

    /// <summary>Differences of corrections that it billed.</summary>
    public required IReadOnlyList<PendingDifference> Pending { get; init; }

    public Money LeftToCredit => Money.Max(invoice.Total, Money.Zero(invoice.Currency)) - Notes;
}

/// <summary>A difference that a correction found, until an invoice bills it.</summary>
/// <param name="Accrued">Of its amount, posted to Unbilled when it was found.</param>
internal sealed record PendingDifference(AmountCharge Charge, Money Accrued);
