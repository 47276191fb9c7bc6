using Metering.Billing.Corrections;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Tax;

namespace Metering.Billing.Runs;

/// <summary>A line of an invoice that was issued for a subscription, with what credit notes have given back of it.</summary>
/// <param name="Id">Invoice and number of the line.</param>
/// <param name="Amount">Before the invoice's discounts.</param>
/// <param name="Discount">Zero or more.</param>
/// <param name="Credited">Of the amount after discounts, zero or more; <paramref name="CreditedTax"/> with it.</param>
/// <param name="IsDifference">A correction found it, so its discounts are in it already.</param>
/// <param name="IsVoid">On an invoice that was voided and shall not be billed again: nothing of it can be credited.</param>
public sealed record IssuedLine(
    string Id, TimeRange Period, string Key, string Component, TimeRange Service, LineRecognition Recognition, Money Amount, Money Discount, Money Tax, TaxRate? TaxRate, Money Credited, Money CreditedTax, bool IsVoid, bool IsDifference = false)
{
    public LineIdentity Identity => new(Period, Key);

    /// <summary>After discounts, before credits.</summary>
    public Money Net => Amount - Discount;

    /// <summary>That has it; for a difference that a credit note gave back of a line that its invoice has not, the invoice of the note.</summary>
    public string Invoice { get; init; } = Id[..Math.Max(0, Id.LastIndexOf('/'))];

    /// <summary>What promotional grants paid of it; <see cref="CreditedPromotional"/> of that returned to them.</summary>
    public Money Promotional { get; init; } = Money.Zero(Amount.Currency);

    public Money CreditedPromotional { get; init; } = Money.Zero(Amount.Currency);

    /// <summary>What is left of it before promotional grants: with the tax that it would bear without them.</summary>
    public Money Left => this switch
    {
        { Promotional.IsZero: true } => Payable,
        { TaxRate: { IsInclusive: false } rate } => Net - Credited + Money.Round((Net - Credited).Exact * rate.Factor, Net.Currency),
        _ => Net - Credited,
    };

    /// <summary>What the customer owes or has paid of it still.</summary>
    public Money Payable => Net - Credited - Promotional + CreditedPromotional + (TaxRate is { IsInclusive: false } ? Tax - CreditedTax : Money.Zero(Amount.Currency));
}
