using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Tax;
using Npgsql;
using NpgsqlTypes;

namespace Metering.Billing.Postgres.Customers;

/// <summary>A tenant's customers, by their keys.</summary>
public static class CustomerStore
{
    private const string Columns = "key, name, currency, zone, payment_term_days, tax_status, applies_credit, metadata::text, revision, created_at, updated_at, grace_days, archived_at";

    /// <summary>Archived or not.</summary>
    public static async Task<Customer?> FindAsync(TenantTransaction transaction, string key, CancellationToken cancellationToken) =>
        (await ReadAsync(transaction, [key], cancellationToken)).GetValueOrDefault(key);

    /// <summary>Those there are, by key.</summary>
    public static async Task<IReadOnlyDictionary<string, Customer>> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command($"select {Columns} from billing.customer where tenant_id = $1 and key = any($2)", transaction.Tenant, keys.ToArray());
        return (await ReadAsync(command, cancellationToken)).ToDictionary(customer => customer.Key, StringComparer.Ordinal);
    }

    /// <summary>Until the transaction ends, nobody else changes the customer or gives it a subscription.</summary>
    public static async Task<Customer?> HoldAsync(TenantTransaction transaction, string key, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command($"select {Columns} from billing.customer where tenant_id = $1 and key = $2 for update", transaction.Tenant, key);
        return (await ReadAsync(command, cancellationToken)) is [var found] ? found : null;
    }

    /// <inheritdoc cref="HoldAsync"/>
    public static async Task HoldAllAsync(TenantTransaction transaction, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command("select 1 from billing.customer where tenant_id = $1 and key = any($2) order by key for update", transaction.Tenant, keys.ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>In the order of their keys, those that are not archived.</summary>
    /// <param name="after">The key that the last page ended with.</param>
    public static async Task<IReadOnlyList<Customer>> ListAsync(TenantTransaction transaction, string? after, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"select {Columns} from billing.customer where tenant_id = $1 and key > $2 and archived_at is null order by key limit $3", transaction.Tenant, after ?? "", limit);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>Makes it, changes it, or brings it back.</summary>
    /// <param name="customer">Its revision and instants are not read.</param>
    public static async Task<Customer> PutAsync(TenantTransaction transaction, Customer customer, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""
            insert into billing.customer as old (
              tenant_id, key, name, currency, zone, payment_term_days, grace_days, tax_status, applies_credit, metadata, created_at, updated_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
            on conflict (tenant_id, key) do update set
              name = excluded.name, currency = excluded.currency, zone = excluded.zone, payment_term_days = excluded.payment_term_days, grace_days = excluded.grace_days,
              tax_status = excluded.tax_status, applies_credit = excluded.applies_credit, metadata = excluded.metadata, archived_at = null,
              revision = old.revision + 1, updated_at = excluded.updated_at
            returning {Columns}
            """,
            transaction.Tenant, customer.Key, customer.Name, customer.Currency?.Code, customer.Zone, customer.PaymentTermDays, customer.GraceDays, TextOf(customer.TaxStatus),
            customer.AppliesCredit, null, now);
        command.Parameters[9] = new NpgsqlParameter { Value = customer.Metadata, NpgsqlDbType = NpgsqlDbType.Json };
        return (await ReadAsync(command, cancellationToken))[0];
    }

    public static async Task ArchiveAsync(TenantTransaction transaction, string key, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "update billing.customer set archived_at = $3, updated_at = $3, revision = revision + 1 where tenant_id = $1 and key = $2 and archived_at is null", transaction.Tenant, key, now);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>As it is stored and on the wire.</summary>
    public static string TextOf(TaxStatus status) => status switch
    {
        TaxStatus.Taxable => "taxable",
        TaxStatus.Exempt => "exempt",
        TaxStatus.ReverseCharge => "reverse_charge",
    };

    private static TaxStatus StatusOf(string text) => text switch
    {
        "taxable" => TaxStatus.Taxable,
        "exempt" => TaxStatus.Exempt,
        _ => TaxStatus.ReverseCharge,
    };

    private static async Task<List<Customer>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<Customer> customers = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            customers.Add(new Customer(
                reader.GetString(0), reader.GetString(1), reader.IsDBNull(2) ? null : Currency.Of(reader.GetString(2)), reader.GetString(3), reader.GetInt32(4), StatusOf(reader.GetString(5)),
                reader.GetBoolean(6), reader.GetString(7), reader.GetInt64(8), reader.GetFieldValue<DateTimeOffset>(9), reader.GetFieldValue<DateTimeOffset>(10), reader.GetInt32(11),
                reader.IsDBNull(12) ? null : reader.GetFieldValue<DateTimeOffset>(12)));
        }

        return customers;
    }
}
