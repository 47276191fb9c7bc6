using Metering.Billing.Catalog;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;

namespace Metering.Billing.Runs;

/// <summary>Which of a subscription's discounts cover a billing period. They count periods of service, so a late adjustment has its period's discounts.</summary>
internal static class DiscountCover
{
    /// <summary>The component with the discounts that the subscription has on it.</summary>
    public static Component Discounted(BillingHistory history, string component, BillingPeriod period, Component price)
    {
        Discount[] given = [.. history.Discounts.Where(one => one.Components?.Contains(component) == true && Covers(history, one, component, period)).Select(one => one.Discount)];
        return given.Length == 0 ? price : price with { Discounts = [.. price.Discounts, .. given] };
    }

    /// <summary>Discounts of whole invoices, for the periods of these charges.</summary>
    public static IReadOnlyList<PeriodDiscounts> Of(BillingHistory history, IEnumerable<(string Component, BillingPeriod Period)> periods, IReadOnlyList<IssuedLine> issued)
    {
        List<PeriodDiscounts> covered = [];
        foreach ((string component, BillingPeriod period) in periods.DistinctBy(one => one.Period.Full))
        {
            Discount[] given = [.. history.Discounts.Where(one => one.Components is null && Covers(history, one, component, period)).Select(one => one.Discount)];
            if (given.Length == 0)
            {
                continue;
            }

            Money zero = Money.Zero(history.Currency);
            IssuedLine[] earlier = [.. issued.Where(line => !line.IsVoid && !line.IsDifference && line.Period == period.Full && line.Amount.Sign > 0 && line.Recognition != LineRecognition.GrantPurchase)];
            covered.Add(new PeriodDiscounts(
                period.Full, given, earlier.Aggregate(zero, (sum, line) => sum + line.Amount), earlier.Aggregate(zero, (sum, line) => sum + line.Discount)));
        }

        return covered;
    }

    private static bool Covers(BillingHistory history, GivenDiscount discount, string component, BillingPeriod period) =>
        discount.From < period.Full.End && discount.Discount.Covers(
            history.PeriodsOf(component, period.Service.Start).Count(one => one.Full.End > discount.From && one.Full.Start < period.Full.Start));
}
