using System.Text.Json;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Runs;
using Npgsql;

namespace Metering.Billing.Postgres.Runs;

/// <summary>Discounts that subscriptions were given, as the catalogue had them then.</summary>
public static class GivenDiscounts
{
    public static async Task<ILookup<string, GivenDiscount>> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> subscriptions, AsOf asOf, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select subscription, body::text, from_at from billing.subscription_discount where tenant_id = $1 and subscription = any($2) and recorded_at <= $3 order by subscription, n",
            transaction.Tenant, subscriptions.ToArray(), asOf.IssuedAt);
        List<(string Subscription, GivenDiscount Discount)> found = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            using JsonDocument body = JsonDocument.Parse(reader.GetString(1));
            found.Add((reader.GetString(0), GivenDiscount.Read(body.RootElement, reader.GetFieldValue<DateTimeOffset>(2))));
        }

        return found.ToLookup(one => one.Subscription, one => one.Discount, StringComparer.Ordinal);
    }

    /// <summary>In the order in which they were given.</summary>
    public static async Task<IReadOnlyList<(string Discount, string Body, DateTimeOffset From)>> ListAsync(TenantTransaction transaction, string subscription, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select discount, body::text, from_at from billing.subscription_discount where tenant_id = $1 and subscription = $2 order by n", transaction.Tenant, subscription);
        List<(string, string, DateTimeOffset)> found = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add((reader.GetString(0), reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2)));
        }

        return found;
    }

    /// <summary>Of a subscription that is held.</summary>
    /// <param name="body">Of the discount, as the catalogue has it now: what it becomes later changes nothing.</param>
    public static async Task AddAsync(
        TenantTransaction transaction, string subscription, string discount, string body, DateTimeOffset from, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.subscription_discount (tenant_id, subscription, n, discount, body, from_at, recorded_at)
            select $1, $2, coalesce(max(n), 0) + 1, $3, $4::json, $5, $6 from billing.subscription_discount where tenant_id = $1 and subscription = $2
            """,
            transaction.Tenant, subscription, discount, body, from, now);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
