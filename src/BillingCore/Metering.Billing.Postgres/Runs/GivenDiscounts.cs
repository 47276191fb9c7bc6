using System.Text.Json;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Runs;
using Npgsql;

namespace Metering.Billing.Postgres.Runs;

/// <summary>Discounts that subscriptions were given, as the catalogue had them then.</summary>
public static class GivenDiscounts
{
    public static async Task<ILookup<string, GivenDiscount>> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> subscriptions, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select subscription, body::text, from_at from billing.subscription_discount where tenant_id = $1 and subscription = any($2) order by subscription, n", transaction.Tenant, subscriptions.ToArray());
        List<(string Subscription, GivenDiscount Discount)> found = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            using JsonDocument body = JsonDocument.Parse(reader.GetString(1));
            found.Add((reader.GetString(0), GivenDiscount.Read(body.RootElement, reader.GetFieldValue<DateTimeOffset>(2))));
        }

        return found.ToLookup(one => one.Subscription, one => one.Discount, StringComparer.Ordinal);
    }
}
