using Metering.Billing.Catalog.Documents;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Subscriptions;

/// <summary>What prices are, by the names that subscriptions know them by. A content never changes: its name is made of it.</summary>
public static class PriceContents
{
    public static async Task AddAsync(TenantTransaction transaction, IEnumerable<ComponentContent> contents, CancellationToken cancellationToken)
    {
        ComponentContent[] all = [.. contents.OrderBy(one => one.Price, StringComparer.Ordinal)];
        await using NpgsqlCommand command = transaction.Command(
            "insert into billing.price_content (tenant_id, price, body) select $1, price, body::json from unnest($2::text[], $3::text[]) as content (price, body) on conflict do nothing",
            transaction.Tenant, all.Select(one => one.Price).ToArray(), all.Select(one => one.Body).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Those there are, by price.</summary>
    public static async Task<IReadOnlyDictionary<string, ComponentContent>> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> prices, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command("select price, body::text from billing.price_content where tenant_id = $1 and price = any($2)", transaction.Tenant, prices.ToArray());
        Dictionary<string, ComponentContent> contents = new(StringComparer.Ordinal);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            contents.Add(reader.GetString(0), new ComponentContent(reader.GetString(0), reader.GetString(1)));
        }

        return contents;
    }
}
