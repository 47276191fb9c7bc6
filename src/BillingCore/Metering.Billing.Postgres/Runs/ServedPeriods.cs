using Metering.Billing.Periods;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Subscriptions;
using Metering.Billing.Zones;
using Npgsql;

namespace Metering.Billing.Postgres.Runs;

/// <summary>A billing period of a subscription, by its history.</summary>
/// <param name="ServedUntil">Where service in it ends: its usage is billed from then on.</param>
internal sealed record ServedPeriod(string Subscription, TimeRange Period, DateTimeOffset ServedUntil);

/// <summary>
/// Billing periods as the history has them, whether any invoice has a line of them or not: a period in which nothing was used, or that was paused, may have been billed with nothing.
/// </summary>
internal static class ServedPeriods
{
    /// <summary>Those of all components that overlap with a stretch of time, each once.</summary>
    /// <param name="counts">Whether a price's periods are looked for.</param>
    public static IEnumerable<ServedPeriod> Of(StoredSubscription stored, DateTimeOffset from, DateTimeOffset until, Func<string, bool> counts)
    {
        ServiceHistory history = stored.History;
        return history.Agreed.SelectMany(agreed => agreed.Terms.Items).Where(item => counts(item.Price)).Select(item => item.Component).Distinct()
            .SelectMany(component => history.PeriodsOf(component, stored.Anchor, stored.Draft.Zone)?.From(from).TakeWhile(period => period.Service.Start < until) ?? [])
            .Where(period => period.Service.End > from)
            .Select(period => new ServedPeriod(stored.Id, period.Full, period.Service.End)).Distinct();
    }

    /// <summary>Those in which usage of a subject would count that came after its minute was sealed, with whether history is among it.</summary>
    public static async Task<IReadOnlyList<(ServedPeriod Period, bool HasHistory)>> OfUsageAsync(
        TenantTransaction transaction, IZoneSource zones, IReadOnlyList<(string Subscription, LateUsage Usage)> late, CancellationToken cancellationToken)
    {
        IReadOnlyList<StoredSubscription> stored = await SubscriptionStore.ReadAsync(transaction, zones, [.. late.Select(one => one.Subscription).Distinct()], cancellationToken);
        IReadOnlySet<string> metered = await MeteredAsync(
            transaction, [.. stored.SelectMany(one => one.History.Agreed).SelectMany(agreed => agreed.Terms.Items).Select(item => item.Price).Distinct()], cancellationToken);
        ILookup<string, LateUsage> bySubscription = late.ToLookup(one => one.Subscription, one => one.Usage, StringComparer.Ordinal);
        return
        [
            .. from one in stored
               from usage in bySubscription[one.Id]
               from period in Of(one, usage.From, usage.Until, metered.Contains)
               group usage.HasHistory by period into same
               select (same.Key, same.Any(hasHistory => hasHistory)),
        ];
    }

    private static async Task<IReadOnlySet<string>> MeteredAsync(TenantTransaction transaction, string[] prices, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select price from billing.price_content where tenant_id = $1 and price = any($2) and body ->> 'meter' is not null", transaction.Tenant, prices);
        HashSet<string> metered = new(StringComparer.Ordinal);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            metered.Add(reader.GetString(0));
        }

        return metered;
    }
}
