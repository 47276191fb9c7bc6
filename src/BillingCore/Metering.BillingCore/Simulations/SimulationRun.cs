using System.Text.Json;
using Metering.Aggregator.Engine.Meters;
using Metering.Billing.Postgres.Catalog;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Rating;
using Metering.Billing.Simulation;
using Metering.Storage.ClickHouse;

namespace Metering.BillingCore.Simulations;

/// <summary>One simulation: customers page by page, each page's usage in one reading for each thing that has to be read.</summary>
internal sealed class SimulationRun(TenantTransaction transaction, ClickHouseDatabase database, UsageScope scope, SimulationRequest request, PlanPrices old, PlanPrices @new, int maxEvents)
{
    /// <summary>Customers in memory at a time.</summary>
    private const int PageSize = 1000;

    private readonly Dictionary<string, MeterRevision> _meters = new(StringComparer.Ordinal);

    public SimulationTotals Totals { get; } = new(old.Currency);

    /// <summary>Empty when only totals were asked for.</summary>
    public List<CustomerComparison> Customers { get; } = [];

    /// <summary>Whether customers come after those of this answer.</summary>
    public bool HasMore { get; private set; }

    public async Task RunAsync(string? after, CancellationToken cancellationToken)
    {
        await LoadMetersAsync(cancellationToken);
        string[] billed = [.. old.Components.Concat(@new.Components).Select(component => component.Source?.Meter).OfType<string>().Distinct()];
        CustomerReader customers = new(database, scope, [.. billed.Where(_meters.ContainsKey).Select(slug => _meters[slug].Number)], request.Customers);
        CustomerPage page;
        do
        {
            int left = request.Limit == 0 ? PageSize : Math.Min(PageSize, request.Limit - Customers.Count);
            page = await customers.ReadAsync(after, left, cancellationToken);
            await PriceAsync(page, cancellationToken);
            after = page.Customers.Count > 0 ? page.Customers[^1] : after;
        }
        while (!page.IsLast && (request.Limit == 0 || Customers.Count < request.Limit));
        HasMore = !page.IsLast;
    }

    private async Task LoadMetersAsync(CancellationToken cancellationToken)
    {
        foreach ((string slug, CountedMeter meter) in await CountedMeters.ReadAsync(transaction, cancellationToken))
        {
            MeterDefinition definition = MeterDefinition.FromJson(meter.Definition);
            SortedDictionary<string, string> ordered = new(definition.GroupBy, StringComparer.Ordinal);
            _meters[slug] = new MeterRevision(meter.Revision, scope.Tenant, definition with { GroupBy = ordered });
        }
    }

    private async Task PriceAsync(CustomerPage page, CancellationToken cancellationToken)
    {
        if (page.Customers.Count == 0)
        {
            return;
        }

        ILookup<string, PriceOverride> overrides = await ReadOverridesAsync(page, cancellationToken);
        Dictionary<string, CustomerComparison> comparisons = page.Customers.ToDictionary(
            customer => customer, customer => new CustomerComparison(customer, old.With(overrides[customer]), @new.With(overrides[customer]), request), StringComparer.Ordinal);
        foreach (UsageNeed need in comparisons.Values.SelectMany(customer => customer.Needs).Distinct().ToList())
        {
            await SupplyAsync(need, page, comparisons, cancellationToken);
        }

        foreach (string key in page.Customers)
        {
            CustomerComparison customer = comparisons[key];
            customer.Complete();
            Totals.Add(customer);
            if (request.Limit > 0)
            {
                Customers.Add(customer);
            }
        }
    }

    /// <summary>Those that are valid when the period begins; of two for one component the one that began later.</summary>
    private async Task<ILookup<string, PriceOverride>> ReadOverridesAsync(CustomerPage page, CancellationToken cancellationToken)
    {
        List<PriceOverride> valid = [];
        foreach (string body in await PriceOverrides.ReadAsync(transaction, request.PriceBook, request.Plan, [.. page.Customers], cancellationToken))
        {
            using JsonDocument document = JsonDocument.Parse(body);
            PriceOverride one = PriceOverride.Read(document.RootElement);
            if (one.IsValidAt(request.Period.Start))
            {
                valid.Add(one);
            }
        }

        return valid.GroupBy(one => (one.Customer, one.Component)).Select(same => same.MaxBy(one => one.ValidFrom)!).ToLookup(one => one.Customer, StringComparer.Ordinal);
    }

    private async Task SupplyAsync(UsageNeed need, CustomerPage page, Dictionary<string, CustomerComparison> comparisons, CancellationToken cancellationToken)
    {
        if (WhyNot(need) is { } reason)
        {
            foreach (CustomerComparison customer in comparisons.Values)
            {
                customer.Refuse(need, reason);
            }

            return;
        }

        MeterRevision meter = _meters[need.Source.Meter];
        if (!need.IsOfEvents)
        {
            await foreach ((string customer, Usage usage) in new QuantityReader(database, scope).ReadAsync(meter, need, page, cancellationToken))
            {
                comparisons[customer].Supply(need, usage);
            }

            return;
        }

        await foreach ((string customer, Usage? usage) in new EventUsageReader(database, scope, maxEvents).ReadAsync(meter, need, page, cancellationToken))
        {
            if (usage is { } events)
            {
                comparisons[customer].Supply(need, events);
            }
            else
            {
                comparisons[customer].Refuse(need, $"more than {maxEvents} events: a price of single events is not simulated for so many");
            }
        }
    }

    /// <summary>A draft or an override may name what is not, or no longer, there.</summary>
    private string? WhyNot(UsageNeed need)
    {
        if (!_meters.TryGetValue(need.Source.Meter, out MeterRevision? meter))
        {
            return $"there is no meter '{need.Source.Meter}'";
        }

        string? unknown = need.Dimensions.Concat(need.Source.Filter.Keys).FirstOrDefault(dimension => !meter.Definition.GroupBy.ContainsKey(dimension));
        return unknown is null ? null : $"'{unknown}' is not a dimension of meter '{need.Source.Meter}'";
    }
}
