using Metering.Billing.Catalog;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Rating;

namespace Metering.Billing.Runs;

/// <summary>Rating scopes as charges, with the discounts that the subscription has on the component.</summary>
internal static class UsageCharges
{
    /// <summary>Null when no line comes of it: an empty cell of a matrix has none, and nobody gets an invoice of nothing.</summary>
    public static UsageCharge? Of(BillingHistory history, RatingScope scope, Usage usage) => HasNoLine(scope.Terms.Component, usage) ? null : new UsageCharge
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

    private static bool HasNoLine(Component component, in Usage usage) => component is { Price: MatrixPrice, Minimum: null } && (usage.Cells ?? []).All(cell => cell.IsEmpty);
}
