using Metering.Billing.Catalog;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Postgres.Catalog;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Runs;
using Metering.Billing.Subscriptions;

namespace Metering.BillingCore.Runs;

/// <summary>What the prices of some terms are. Each subscription sees its own plan beside a price, whoever else has the same one.</summary>
internal sealed class PriceList
{
    private readonly IReadOnlyDictionary<string, ComponentContent> _contents;
    private readonly IReadOnlyDictionary<string, MeterFacts> _meters;
    private readonly Dictionary<(string Price, string Component), ComponentDocument> _read = [];

    private PriceList(IReadOnlyDictionary<string, ComponentContent> contents, IReadOnlyDictionary<string, MeterFacts> meters) => (_contents, _meters) = (contents, meters);

    public static async Task<PriceList> ReadAsync(TenantTransaction transaction, IEnumerable<SubscriptionTerms> terms, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, MeterFacts> meters = await PricedMeters.ReadAsync(transaction, cancellationToken);
        return new PriceList(await PriceContents.ReadAsync(transaction, [.. terms.SelectMany(one => one.Items).Select(item => item.Price).Distinct()], cancellationToken), meters);
    }

    /// <summary>By the names of their contents.</summary>
    public IReadOnlyDictionary<string, PricedComponent> Of(ServiceHistory history)
    {
        Dictionary<string, PricedComponent> prices = new(StringComparer.Ordinal);
        foreach (SubscriptionTerms terms in history.Spans.Select(span => span.Terms))
        {
            foreach (SubscriptionItem item in terms.Items.Where(item => !prices.ContainsKey(item.Price)))
            {
                ComponentDocument component = Read(item);
                prices.Add(item.Price, new PricedComponent(component.Component, component.Timing, component.Interval, component.Proration, $"{terms.PriceBook} {terms.Version}, {terms.Plan}"));
            }
        }

        return prices;
    }

    private ComponentDocument Read(SubscriptionItem item)
    {
        if (!_read.TryGetValue((item.Price, item.Component), out ComponentDocument? component))
        {
            component = _contents[item.Price].Read(item.Component, item.Component, slug => _meters.TryGetValue(slug, out MeterFacts? facts) ? facts.Aggregation : MeterAggregation.Sum);
            _read.Add((item.Price, item.Component), component);
        }

        return component;
    }
}
