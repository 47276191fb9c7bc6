using Metering.Billing.Rating;

namespace Metering.Billing.Catalog.Samples;

/// <summary>What one price charges for some quantities, before and after a change.</summary>
/// <param name="Cell">Of a matrix; a value of <c>*</c> stands for any that is not listed. Null for other prices.</param>
/// <param name="OldCurrency">Null when there was no such price.</param>
/// <param name="NewCurrency">Null when there is none any more.</param>
public sealed record SampleBill(
    string PriceBook, string Plan, string Phase, string Component, CellKey? Cell, Currency? OldCurrency, Currency? NewCurrency, IReadOnlyList<SampleRow> Rows);

/// <param name="Quantity">Usage of a whole period as it is metered, or seats. Null for a price that does not depend on any.</param>
/// <param name="Events">How many events the quantity is spread over evenly, for a price of single events; otherwise null.</param>
/// <param name="Old">Null when there was no such price.</param>
/// <param name="New">Null when there is none any more.</param>
public readonly record struct SampleRow(Fraction? Quantity, int? Events, SampleAmount? Old, SampleAmount? New);

/// <summary>An amount as it is billed, and before it was rounded.</summary>
public readonly record struct SampleAmount(Money Amount, Fraction Exact)
{
    internal static SampleAmount Of(in RatedCharge charge) => new(charge.Amount.Net, charge.Exact.Net);
}
