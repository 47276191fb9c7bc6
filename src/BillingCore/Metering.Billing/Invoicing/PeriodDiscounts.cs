using Metering.Billing.Catalog;
using Metering.Billing.Periods;

namespace Metering.Billing.Invoicing;

/// <summary>
/// Discounts of whole invoices that cover one billing period. A period may be billed on several invoices, its fees in advance and its usage after it; its discounts
/// are taken of all its lines together, each invoice takes what is left to take.
/// </summary>
/// <param name="EarlierPositive">Σ of the period's lines above zero on earlier invoices, before these discounts.</param>
/// <param name="EarlierDiscount">What these discounts took off them.</param>
public sealed record PeriodDiscounts(TimeRange Period, IReadOnlyList<Discount> Discounts, Money EarlierPositive, Money EarlierDiscount);
