using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Tenancy;

/// <summary>The tenants there are. Jobs go through them; whoever has a customer is one.</summary>
public static class Tenants
{
    public static async Task<IReadOnlyList<string>> ListAsync(PostgresDatabase database, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command("select tenant_id from billing.tenant order by tenant_id");
        List<string> tenants = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            tenants.Add(reader.GetString(0));
        }

        return tenants;
    }

    public static async Task AddAsync(TenantTransaction transaction, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command("insert into billing.tenant (tenant_id, created_at) values ($1, $2) on conflict do nothing", transaction.Tenant, now);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
