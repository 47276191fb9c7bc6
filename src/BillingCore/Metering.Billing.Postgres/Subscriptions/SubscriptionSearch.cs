using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Subscriptions;

/// <summary>Which subscriptions are meant; null fields mean any.</summary>
public sealed record SubscriptionFilter
{
    public IReadOnlyList<string>? Customers { get; init; }

    public string? Reference { get; init; }

    /// <summary>As stored: <c>past_due</c>.</summary>
    public string? State { get; init; }

    public string? PriceBook { get; init; }

    public int? Version { get; init; }

    public string? Plan { get; init; }

    /// <summary>Ids; null for all.</summary>
    public IReadOnlyList<string>? Ids { get; init; }

    /// <summary>Leaves out what has ended.</summary>
    public bool Living { get; init; }
}

/// <summary>Finds subscriptions by what is in their rows.</summary>
public static class SubscriptionSearch
{
    /// <summary>$1 is now, $2 the instant since when a first payment is waited for too long.</summary>
    private const string Due = "next_due_at <= case when state = 'incomplete' then $2 else $1 end and next_due_at <= $1";

    /// <summary>Their ids, in order.</summary>
    /// <param name="after">The id that the last page ended with.</param>
    public static async Task<IReadOnlyList<string>> FindAsync(TenantTransaction transaction, SubscriptionFilter filter, string? after, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select id from billing.subscription
            where tenant_id = $1 and id > $2
              and ($3::text[] is null or customer = any($3)) and ($4::text is null or reference = $4) and ($5::text is null or state = $5)
              and ($6::text is null or price_book = $6) and ($7::int is null or book_version = $7) and ($8::text is null or plan = $8)
              and ($9::text[] is null or id = any($9)) and (not $10 or ended_at is null)
            order by id limit $11
            """,
            transaction.Tenant, after ?? "", filter.Customers?.ToArray(), filter.Reference, filter.State, filter.PriceBook, filter.Version, filter.Plan, filter.Ids?.ToArray(), filter.Living, limit);
        return await IdsAsync(command, cancellationToken);
    }

    /// <summary>The subscriptions for which something is due, in the order of their ids; held, without those that somebody else holds just now.</summary>
    /// <param name="lapse">How long a first payment is waited for.</param>
    public static async Task<IReadOnlyList<string>> HoldDueAsync(
        TenantTransaction transaction, DateTimeOffset now, TimeSpan lapse, string? after, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"select id from billing.subscription where tenant_id = $3 and id > $4 and {Due} order by id limit $5 for update skip locked",
            now, now - lapse, transaction.Tenant, after ?? "", limit);
        return await IdsAsync(command, cancellationToken);
    }

    /// <summary>The tenants that have one of them. Over all tenants: for jobs, on a connection of their own role.</summary>
    public static async Task<IReadOnlyList<string>> TenantsWithDueAsync(NpgsqlDataSource source, DateTimeOffset now, TimeSpan lapse, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await EveryTenant.BeginAsync(connection, cancellationToken);
        await using NpgsqlCommand command = new($"select distinct tenant_id from billing.subscription where {Due} order by tenant_id", connection)
        {
            Parameters = { new() { Value = now }, new() { Value = now - lapse } },
        };
        return await IdsAsync(command, cancellationToken);
    }

    private static async Task<IReadOnlyList<string>> IdsAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<string> ids = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(reader.GetString(0));
        }

        return ids;
    }
}
