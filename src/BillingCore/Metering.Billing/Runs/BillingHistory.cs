using System.Globalization;
using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog;
using Metering.Billing.Periods;
using Metering.Billing.Subscriptions;
using Metering.Billing.Zones;

namespace Metering.Billing.Runs;

/// <summary>What a subscription's charges depend on, as it is recorded now: when it was served under which terms, and what those terms cost.</summary>
public sealed record BillingHistory
{
    public required string Subscription { get; init; }

    public required ServiceHistory Service { get; init; }

    /// <summary>Nothing is billed before this instant: that of recording a start, which may be backdated. All periods that had passed by then are billed together.</summary>
    public required DateTimeOffset BilledFrom { get; init; }

    public required AnchorRule Anchor { get; init; }

    public required ZoneRules Zone { get; init; }

    public required Currency Currency { get; init; }

    public required RoundingMode Rounding { get; init; }

    /// <summary>By the name of the price's content, as the items of the terms have it.</summary>
    public required IReadOnlyDictionary<string, PricedComponent> Prices { get; init; }

    /// <summary>What the plan of these terms asks for at least.</summary>
    public required Func<SubscriptionTerms, IReadOnlyList<Commitment>> CommitmentsOf { get; init; }

    /// <summary>Discounts that were given to the subscription, in the order in which they were.</summary>
    public IReadOnlyList<GivenDiscount> Discounts { get; init; } = [];

    /// <summary>Keys of everything it ever subscribed to, in the order of first appearance.</summary>
    public IReadOnlyList<string> Components { get => field ??= [.. Service.Spans.SelectMany(span => span.Terms.Items).Select(item => item.Component).Distinct(StringComparer.Ordinal)]; }

    /// <summary>
    /// Tells apart what a component has in two billing periods with the same boundaries: a change of interval ends the one, and with an anchor in the calendar the change back begins
    /// the other within them. Empty for the first.
    /// </summary>
    internal string MarkOf(string component, BillingPeriod period) => PeriodsOf(component, period.Service.Start).Any(one => one.Full == period.Full && one.Era < period.Era)
        ? string.Create(CultureInfo.InvariantCulture, $"@{period.Service.Start.UtcDateTime:yyyyMMdd'T'HHmm}")
        : "";

    /// <summary>The periods of a component that begin at or before an instant, in order.</summary>
    public IEnumerable<BillingPeriod> PeriodsOf(string component, DateTimeOffset until) =>
        Service.PeriodsOf(component, Anchor, Zone) is { } timeline ? timeline.From(timeline.Start).TakeWhile(period => period.Service.Start <= until) : [];
}

/// <summary>A discount that a subscription has.</summary>
/// <param name="From">Counts from the billing period that holds this instant.</param>
/// <param name="Components">Whose lines it reduces by itself; null for a discount of the whole invoice.</param>
public sealed record GivenDiscount(Discount Discount, DateTimeOffset From, IReadOnlySet<string>? Components)
{
    /// <param name="body">As the catalogue has it.</param>
    public static GivenDiscount Read(JsonElement body, DateTimeOffset from)
    {
        JsonFields fields = new(body, "", []);
        return new GivenDiscount(
            new Discount(fields.Number("percent"), fields.Number("amount"), fields.Integer("periods", 1, int.MaxValue)), from, fields.Texts("components")?.ToHashSet(StringComparer.Ordinal));
    }
}
