using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Subscriptions;

namespace Metering.BillingCore.Subscriptions;

/// <summary>The standing of subscriptions where no invoices are kept.</summary>
internal sealed class NothingOwed : IStandings
{
    private static readonly Dictionary<string, Standing> s_none = [];

    public Task<IReadOnlyDictionary<string, Standing>> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> subscriptions, DateTimeOffset now, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyDictionary<string, Standing>>(s_none);
}
