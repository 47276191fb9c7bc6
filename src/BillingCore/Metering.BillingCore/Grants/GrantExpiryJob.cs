using Metering.Billing.Postgres.Grants;
using Metering.Billing.Postgres.Jobs;
using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.Postgres;

namespace Metering.BillingCore.Grants;

/// <summary>Lets grants expire, tenant by tenant, some in one transaction. A job that ends anywhere goes on where it was.</summary>
internal sealed class GrantExpiryJob(PostgresDatabase postgres, TenantDatabase tenants, TimeProvider time)
{
    public const string Job = "grant-expiry";

    private const int BatchSize = 200;

    /// <summary>How often it looks: an expiry is booked late without harm.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    /// <returns>False: all that could expire has.</returns>
    public async Task<bool> StepAsync(Ownership mine, CancellationToken cancellationToken)
    {
        foreach (string tenant in await Tenants.ListAsync(postgres, cancellationToken))
        {
            while (await RunBatchAsync(mine, tenant, cancellationToken) == BatchSize)
            {
                await mine.CheckAsync(cancellationToken);
            }
        }

        return false;
    }

    private async Task<int> RunBatchAsync(Ownership mine, string tenant, CancellationToken cancellationToken)
    {
        await using TenantTransaction transaction = await tenants.BeginAsync(tenant, cancellationToken);
        await mine.HoldAsync(transaction, cancellationToken);
        int expired = await GrantEnds.ExpireAsync(transaction, time.GetUtcNow(), BatchSize, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return expired;
    }
}
