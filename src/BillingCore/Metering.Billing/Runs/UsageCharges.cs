using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Rating;

namespace Metering.Billing.Runs;

/// <summary>Rating scopes as charges, with the discounts that the subscription has on the component.</summary>
internal static class UsageCharges
{
    public static UsageCharge Of(BillingHistory history, RatingScope scope, Usage usage) => new()
    {
        Key = scope.Key,
        Component = scope.Component,
        TaxCategory = scope.Terms.Component.TaxCategory,
        PricedBy = scope.Terms.PricedBy,
        Period = scope.Period.Full,
        Service = new TimeRange(scope.Active[0].Start, scope.Active[^1].End),
        Recognition = LineRecognition.Arrears,
        Price = DiscountCover.Discounted(history, scope.Component, scope.Period, scope.Terms.Component),
        Usage = usage,
        Share = scope.Share,
        IsClosing = true,
    };
}
