using Metering.Billing.Catalog;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Rating;
using Metering.Billing.Tax;

namespace Metering.Billing.Invoicing;

/// <summary>Something that an invoice bills, before it has an amount.</summary>
public abstract record Charge
{
    private protected Charge()
    {
    }

    /// <summary>Identity within the billing period: a correction finds what it corrects by (period, key).</summary>
    public required string Key { get; init; }

    /// <summary>The billing period that it belongs to, from boundary to boundary. The service is within it, and may become shorter by what is recorded later.</summary>
    public required TimeRange Period { get; init; }

    /// <summary>Key of the component; empty for what belongs to none.</summary>
    public string Component { get; init; } = "";

    public string TaxCategory { get; init; } = "";

    public required TimeRange Service { get; init; }

    /// <summary>Which version of which price book priced it, and which plan, for people: <c>standard 3, pro</c>. Empty for what has no price.</summary>
    public string PricedBy { get; init; } = "";

    /// <summary>When its amount is revenue.</summary>
    public required LineRecognition Recognition { get; init; }

    /// <summary>The tax of the line that this one corrects; null: that of its category today.</summary>
    public OriginalTax? OriginalTax { get; init; }
}

/// <param name="Rate">Null when the original line bore no tax.</param>
public sealed record OriginalTax(TaxRate? Rate);

/// <summary>A step of a rating scope.</summary>
public sealed record UsageCharge : Charge
{
    public required Component Price { get; init; }

    public required Usage Usage { get; init; }

    public AlreadyRated Already { get; init; }

    /// <summary>Of the period that the scope was active.</summary>
    public required Fraction Share { get; init; }

    public required bool IsClosing { get; init; }
}

/// <summary>An amount that is known: an advance fee, a prorated part of one, a credit, a difference that a correction found.</summary>
public sealed record AmountCharge : Charge
{
    public required Money Amount { get; init; }

    /// <summary>The line it corrects, for a credit.</summary>
    public string? Corrects { get; init; }

    /// <summary>By what an advance line is earned: local dates, or seconds when it is prorated by them.</summary>
    public ProrationUnit Unit { get; init; } = ProrationUnit.Day;

    /// <summary>How the amount comes about, for a person to compute again.</summary>
    public string? Arithmetic { get; init; }
}

/// <summary>Credit that is bought: an untaxed line to a liability. Nothing reduces it.</summary>
public sealed record GrantPurchase : Charge
{
    public required Money Amount { get; init; }

    /// <summary>The grant that is bought.</summary>
    public required string Grant { get; init; }
}

/// <summary>A commitment whose period ends on this invoice.</summary>
/// <param name="Components">Keys of the components that count.</param>
/// <param name="Share">What of the amount is owed: the active share of its period, 1 for a whole one or for all of it on early end.</param>
/// <param name="Earlier">Σ net of its components' lines on the invoices before, within the commitment period; of either sign.</param>
public sealed record CommitmentCharge(
    string Key, Fraction Amount, IReadOnlyList<string> Components, Fraction Share, Money Earlier, string TaxCategory, TimeRange Period);
