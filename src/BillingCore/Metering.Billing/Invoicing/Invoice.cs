using Metering.Billing.Catalog;
using Metering.Billing.Credits;
using Metering.Billing.Periods;
using Metering.Billing.Rating;
using Metering.Billing.Tax;

namespace Metering.Billing.Invoicing;

/// <summary>An invoice without its number, payments and paid credits.</summary>
/// <param name="Promotions">The promotional grants used, allocated over all lines.</param>
public sealed record Invoice(Currency Currency, IReadOnlyList<InvoiceLine> Lines, IReadOnlyList<TaxTotal> Taxes, IReadOnlyList<GrantUse> Promotions, TaxStatus TaxStatus)
{
    /// <summary>Σ of the lines as they were rated.</summary>
    public Money Subtotal => Sum(line => line.Amount);

    /// <summary>What invoice discounts take off, zero or more.</summary>
    public Money Discount => Sum(line => line.Discount);

    /// <summary>What promotional grants take off, zero or more.</summary>
    public Money Promotional => Sum(line => line.Promotional);

    public Money Tax => Sum(line => line.Tax);

    /// <summary>Of either sign; below zero the rest goes to the customer's credit.</summary>
    public Money Total => Sum(line => line.Payable);

    private Money Sum(Func<InvoiceLine, Money> part) => Lines.Aggregate(Money.Zero(Currency), (sum, line) => sum + part(line));
}

public enum InvoiceLineKind
{
    Usage,

    /// <summary>Discounts and bounds of a matrix over the sum of its cells.</summary>
    Component,
    Amount,
    Commitment,
    GrantPurchase,
}

/// <summary>One line: what it bills, what reduces it, its tax.</summary>
public sealed record InvoiceLine
{
    public required InvoiceLineKind Kind { get; init; }

    /// <summary>Index of the charge that it bills; null for a commitment, which is none.</summary>
    public int? Charge { get; init; }

    /// <summary>With the billing period the identity that corrections go by.</summary>
    public required string Key { get; init; }

    public required TimeRange Period { get; init; }

    public required LineRecognition Recognition { get; init; }

    /// <summary>The grant that a purchase buys; empty for other lines.</summary>
    public string Grant { get; init; } = "";

    public required string Component { get; init; }

    public CellKey? Cell { get; init; }

    public required TimeRange Service { get; init; }

    /// <summary>After the component's own discounts and bounds, rounded.</summary>
    public required Money Amount { get; init; }

    /// <summary>How the amount came about: usage, discounts, minimum, maximum, which sum to it. Empty for amounts that are given.</summary>
    public IReadOnlyList<RatedLine> Details { get; init; } = [];

    /// <summary>The scope had no usage, and the line says so.</summary>
    public bool HasNoUsage { get; init; }

    /// <summary>The line it corrects, for a credit.</summary>
    public string? Corrects { get; init; }

    /// <summary>How an amount that was given came about.</summary>
    public string? Arithmetic { get; init; }

    /// <summary>Which version of which price book priced it.</summary>
    public string PricedBy { get; init; } = "";

    /// <summary>The explanation of the whole charge, with its first line only.</summary>
    public Explanation? Explanation { get; init; }

    public required Money Discount { get; init; }

    public required Money Promotional { get; init; }

    public TaxRate? TaxRate { get; init; }

    public required Money Tax { get; init; }

    /// <summary>What tax is computed on; an inclusive tax is in it.</summary>
    public Money Net => Amount - Discount - Promotional;

    /// <summary>With the tax.</summary>
    public Money Payable => TaxRate is { IsInclusive: false } ? Net + Tax : Net;
}
