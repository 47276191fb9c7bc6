using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Subscriptions;

namespace Metering.Billing.Postgres.Subscriptions;

/// <summary>How the open invoices of subscriptions stand; what their states after a payment, a pause or a due date are computed from.</summary>
public interface IStandings
{
    /// <returns>By subscription; one that is not there owes nothing.</returns>
    Task<IReadOnlyDictionary<string, Standing>> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> subscriptions, DateTimeOffset now, CancellationToken cancellationToken);
}
