using System.Collections.Concurrent;
using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Catalog;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Postgres.Catalog;
using Metering.Billing.Postgres.Customers;
using Metering.Billing.Postgres.Runs;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Runs;
using Metering.Billing.Subscriptions;
using Metering.Billing.Tax;
using Metering.Billing.Zones;

namespace Metering.BillingCore.Runs;

/// <summary>Reads all that the charges of many subscriptions depend on, in a number of statements that does not depend on how many there are. Safe for concurrent use.</summary>
internal sealed class SubscriptionReader(IZoneSource zones)
{
    private const int MaxCached = 10_000;
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(5 * 366);

    /// <summary>A published version does not change, so what a plan asks for is read once.</summary>
    private readonly ConcurrentDictionary<(string Tenant, string Book, int Version, string Plan), (IReadOnlyList<Commitment> Commitments, RoundingMode Rounding)> _plans = [];

    public Task<IReadOnlyList<OpenSubscription>> ReadAsync(TenantTransaction transaction, IReadOnlyList<BillingProgress> progress, CancellationToken cancellationToken) =>
        ReadAsync(transaction, progress, AsOf.Now, cancellationToken);

    /// <summary>As an invoice of theirs found them.</summary>
    public async Task<IReadOnlyList<OpenSubscription>> ReadAsync(TenantTransaction transaction, IReadOnlyList<BillingProgress> progress, AsOf asOf, CancellationToken cancellationToken)
    {
        if (progress.Count == 0)
        {
            return [];
        }

        string[] ids = [.. progress.Select(one => one.Subscription)];
        StoredSubscription[] stored = [.. (await SubscriptionStore.ReadAsync(transaction, zones, ids, cancellationToken)).Select(one => one.AsOf(asOf.Fact))];
        IReadOnlyDictionary<string, Customer> customers = await CustomerStore.ReadAsync(transaction, [.. stored.Select(one => one.Customer).Distinct()], cancellationToken);
        Dictionary<string, ServiceHistory> histories = stored.ToDictionary(one => one.Id, one => one.History, StringComparer.Ordinal);
        SubscriptionTerms[] terms = [.. histories.Values.SelectMany(history => history.Spans).Select(span => span.Terms).Distinct()];
        PriceList prices = await PriceList.ReadAsync(transaction, terms, cancellationToken);
        await LoadPlansAsync(transaction, terms.Concat(stored.Select(one => one.Now.Terms)), cancellationToken); // the last may never have been served
        ILookup<string, GivenDiscount> discounts = await GivenDiscounts.ReadAsync(transaction, ids, asOf, cancellationToken);
        ILookup<string, PendingCharge> pending = await PendingCharges.ReadAsync(transaction, ids, asOf, cancellationToken);
        IReadOnlyList<TaxRule> rates = await TaxRules.ReadAsync(transaction, cancellationToken);
        Dictionary<string, BillingProgress> bySubscription = progress.ToDictionary(one => one.Subscription, StringComparer.Ordinal);
        ILookup<string, IssuedLine> issued = await IssuedLines.ReadAsync(transaction, [.. progress.Select(one => (one.Subscription, Since(one)))], asOf, cancellationToken);
        return [.. stored.Select(one => new OpenSubscription(
            one.Customer,
            HistoryOf(transaction.Tenant, one, histories[one.Id], prices.Of(histories[one.Id]), [.. discounts[one.Id]]),
            bySubscription[one.Id],
            one.Now.Version,
            [.. issued[one.Id]],
            [.. pending[one.Id]],
            new TaxTerms(customers[one.Customer].TaxStatus, DateTimeOffset.MinValue, rates)))];
    }

    /// <summary>Fees of a commitment's period may be on invoices of years before.</summary>
    private static DateTimeOffset Since(BillingProgress progress) => progress.BilledTo is { } billed && billed.Year > 2005 ? billed - s_longest : DateTimeOffset.UnixEpoch;

    private BillingHistory HistoryOf(
        string tenant, StoredSubscription stored, ServiceHistory service, IReadOnlyDictionary<string, PricedComponent> prices, IReadOnlyList<GivenDiscount> discounts) => new()
    {
        Subscription = stored.Id,
        Service = service,
        BilledFrom = BilledFrom(stored),
        Anchor = stored.Anchor,
        Zone = stored.Draft.Zone,
        Currency = stored.Currency,
        Rounding = _plans[Key(tenant, stored.Now.Terms)].Rounding,
        Prices = prices,
        CommitmentsOf = terms => _plans[Key(tenant, terms)].Commitments,
        Discounts = discounts,
    };

    /// <summary>When its service was recorded: a start that reaches back is billed from then on.</summary>
    private static DateTimeOffset BilledFrom(StoredSubscription stored)
    {
        int first = stored.Facts.Index().FirstOrDefault(one => one.Item is Moved { To: SubscriptionState.Trialing or SubscriptionState.Active }).Index;
        return first < stored.RecordedAt.Count ? WholeMinute.Of(stored.RecordedAt[first]) : stored.Draft.Start;
    }

    private async Task LoadPlansAsync(TenantTransaction transaction, IEnumerable<SubscriptionTerms> terms, CancellationToken cancellationToken)
    {
        foreach (SubscriptionTerms one in terms.DistinctBy(one => (one.PriceBook, one.Version, one.Plan)).Where(one => !_plans.ContainsKey(Key(transaction.Tenant, one))).ToList())
        {
            PriceBookVersion version = await PriceBooks.FindAsync(transaction, one.PriceBook, one.Version, cancellationToken)
                ?? throw new InvalidDataException($"Price book '{one.PriceBook}' has lost its version {one.Version}.");
            using JsonDocument body = JsonDocument.Parse(version.Body);
            if (_plans.Count >= MaxCached)
            {
                _plans.Clear();
            }

            _plans[Key(transaction.Tenant, one)] = (PriceBookReader.CommitmentsOf(body.RootElement, one.Plan), PriceBookReader.RoundingOf(body.RootElement));
        }
    }

    private static (string, string, int, string) Key(string tenant, SubscriptionTerms terms) => (tenant, terms.PriceBook, terms.Version, terms.Plan);
}
