using Metering.Billing.Invoicing;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>An invoice without its inputs and its body. Amounts of a draft are zero.</summary>
public sealed record InvoiceRow
{
    public required string Id { get; init; }

    /// <summary>Null when it bills none.</summary>
    public required string? Subscription { get; init; }

    public required DateTimeOffset DueAt { get; init; }

    public required string Kind { get; init; }

    public required int Attempt { get; init; }

    public required string Customer { get; init; }

    public required Currency Currency { get; init; }

    public required InvoiceState State { get; init; }

    public required long Revision { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null for a draft.</summary>
    public required string? Number { get; init; }

    public required DateTimeOffset? IssuedAt { get; init; }

    public required DateTimeOffset? PayableUntil { get; init; }

    public required RoundingMode Rounding { get; init; }

    public required Money Subtotal { get; init; }

    public required Money Discount { get; init; }

    public required Money Promotional { get; init; }

    public required Money Tax { get; init; }

    /// <summary>Of either sign.</summary>
    public required Money Total { get; init; }

    /// <summary>Why it was finalised before all usage was there; null when it was there.</summary>
    public required string? IncompleteReason { get; init; }

    /// <summary>Settled by paid grants when it was finalised.</summary>
    public required Money ByGrants { get; init; }

    /// <summary>Settled by the customer's credit when it was finalised.</summary>
    public required Money ByCredit { get; init; }

    /// <summary>What a total below zero gave to the customer's credit.</summary>
    public required Money Carried { get; init; }

    /// <summary>Σ of what payments paid of it.</summary>
    public required Money Paid { get; init; }

    /// <summary>What credit notes took off what was open.</summary>
    public required Money Credited { get; init; }

    /// <summary>What is still to be paid; of one that was written off too, although nobody expects it any more.</summary>
    public required Money Remaining { get; init; }

    /// <summary>When it was paid, voided or written off.</summary>
    public required DateTimeOffset? ClosedAt { get; init; }

    public required string? ClosingReason { get; init; }
}

/// <summary>A line as it is kept beside the body, to be credited, corrected and summed.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Amount">As it was rated.</param>
/// <param name="Total">With the tax, less discounts and promotional grants.</param>
/// <param name="Accrued">What of it was posted as late usage before.</param>
public sealed record InvoiceLineRow(
    string Invoice, int Number, string? Subscription, Periods.TimeRange Period, string Key, string Component, Periods.TimeRange Service, string Kind, LineRecognition Recognition,
    Money Amount, Money Discount, Money Promotional, Money Tax, string? TaxCode, string? TaxPercent, bool IsTaxInclusive, Money Total, Money Accrued, string? Corrects, string? Grant)
{
    public string Id => LineId.Of(Invoice, Number);

    public CreditableLine Creditable => new(Amount - Discount, Promotional, Tax, IsTaxInclusive);
}

/// <summary>The bytes of an invoice, and what it was made for.</summary>
/// <param name="Subscription">Null when it bills none.</param>
public sealed record StoredInvoice(
    string Id, string Number, string Inputs, byte[] InputsHash, string Body, string? Subscription, string Kind, DateTimeOffset DueAt, DateTimeOffset IssuedAt);
