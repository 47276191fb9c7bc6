using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Runs;
using Metering.Billing.Subscriptions;
using Metering.Billing.Tax;
using Metering.Billing.Tests.Rating.SecondOpinion;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>What a life is made of, as the code under test has it.</summary>
internal static class LifeStory
{
    public static SubscriptionTerms Terms(this Story story, LifePlan plan, int seats)
    {
        if (plan.Commitment is { } promise)
        {
            story.Commit(plan.Name, new Commitment(promise.Key, Fraction.Parse(promise.Amount), promise.Components, promise.IsFull ? EarlyEnd.Full : EarlyEnd.Share));
        }

        return story.Plan(plan.Name, [.. plan.Items.Select(item => (new SubscriptionItem(item.Component, item.Content, IntervalOf(item), item.Seats(seats)), PriceOf(item)))]);
    }

    public static void Aggregate(this Story story, string component, string aggregation) => story.Aggregations[component] = aggregation switch
    {
        "max" => values => values.Max(),
        "unique" => values => values.Distinct().Count(),
        _ => values => values.Aggregate(Fraction.Zero, (sum, one) => sum + one),
    };

    public static AnchorRule Rule(this LifeAnchor anchor) => anchor.Kind switch
    {
        "calendar" => AnchorRule.Calendar,
        "instant" => AnchorRule.Instant,
        "day" => AnchorRule.OnDay(anchor.Day),
        _ => AnchorRule.Anniversary,
    };

    public static TaxTerms Terms(IEnumerable<LifeTaxRule> rules, bool isTaxable) => new(
        isTaxable ? TaxStatus.Taxable : TaxStatus.ReverseCharge, DateTimeOffset.UnixEpoch,
        [.. rules.Select(rule => new TaxRule(rule.Category, new TaxRate(rule.Rate.Code, Fraction.Parse(rule.Rate.Percent), rule.Rate.IsInclusive), rule.ValidFrom))]);

    public static Discount Discount(this LifeDiscount discount) =>
        new(discount.Percent is { } percent ? Fraction.Parse(percent) : null, discount.Amount is { } amount ? Fraction.Parse(amount) : null, discount.Periods);

    private static PricedComponent PriceOf(LifeItem item)
    {
        using JsonDocument json = JsonDocument.Parse(new PlainCase { Currency = "USD", Component = item.Price }.ToJson());
        Component component = ComponentReader.Read(new JsonFields(json.RootElement.GetProperty("component"), "", []));
        ChargeTiming timing = Enum.Parse<ChargeTiming>(item.Timing, ignoreCase: true);
        return new PricedComponent(component with { Key = item.Component, TaxCategory = item.Category }, timing, IntervalOf(item), Enum.Parse<ProrationUnit>(item.Proration, ignoreCase: true), "standard 1");
    }

    private static BillingInterval IntervalOf(LifeItem item) => new(item.Unit switch
    {
        "day" => IntervalUnit.Day,
        "week" => IntervalUnit.Week,
        "month" => IntervalUnit.Month,
        "quarter" => IntervalUnit.Quarter,
        "half_year" => IntervalUnit.HalfYear,
        _ => IntervalUnit.Year,
    }, item.Count);
}
