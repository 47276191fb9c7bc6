using Metering.Billing.Postgres.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Metering.Billing.Postgres.Runs;

/// <summary>How far a subscription is billed, and when the run has to look at it.</summary>
/// <param name="BilledTo">What was due by then is on invoices; null for nothing.</param>
/// <param name="BillAt">When something is due next, or was recorded; null for never.</param>
public sealed record BillingProgress(string Subscription, DateTimeOffset? BilledTo, DateTimeOffset? BillAt)
{
    /// <summary>Usage until then has to be sealed first; null when nothing is waited for.</summary>
    public DateTimeOffset? WaitsFor { get; init; }

    /// <summary>The run looks again then, sealed or not.</summary>
    public DateTimeOffset? LooksAt { get; init; }

    /// <summary>Why it could not be billed although its usage is complete; null when nothing is wrong.</summary>
    public string? HeldBecause { get; init; }
}

/// <param name="Due">Can be billed now.</param>
/// <param name="Waiting">Are due, and their usage is not complete or has no price.</param>
/// <param name="OldestWait">When the one that waits for longest became due; null when none waits.</param>
public readonly record struct DueCounts(long Due, long Waiting, DateTimeOffset? OldestWait);

/// <summary>Subscriptions that the billing run has to look at. Their rows are held until the transaction ends, and those that another run holds are passed over.</summary>
public static class DueSubscriptions
{
    /// <summary>What time has brought and nobody has recorded yet comes first: a cancellation that was asked for ends what is billed, also before the clock has looked. What waits for its first payment is billed to get it.</summary>
    /// <param name="sealedUpto">Usage is sealed until then.</param>
    public static async Task<IReadOnlyList<BillingProgress>> TakeAsync(TenantTransaction transaction, DateTimeOffset now, DateTimeOffset sealedUpto, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select id, billed_to, bill_at from billing.subscription
            where tenant_id = $1 and bill_at <= $2 and (bill_waits_for is null or bill_waits_for <= $3 or bill_looks_at <= $2)
              and (next_due_at is null or next_due_at > $2 or state = 'incomplete')
            order by bill_at, id limit $4 for no key update skip locked
            """,
            transaction.Tenant, now, sealedUpto, limit);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>Held in the order of their ids, whether due or not.</summary>
    public static async Task<IReadOnlyList<BillingProgress>> HoldAsync(TenantTransaction transaction, IReadOnlyList<string> subscriptions, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select id, billed_to, bill_at from billing.subscription where tenant_id = $1 and id = any($2) order by id for no key update", transaction.Tenant, subscriptions.ToArray());
        return await ReadAsync(command, cancellationToken);
    }

    public static async Task<DueCounts> CountAsync(TenantTransaction transaction, DateTimeOffset now, DateTimeOffset sealedUpto, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select count(*) filter (where not waits), count(*) filter (where waits), min(bill_at) filter (where waits)
            from (select bill_at, bill_waits_for > $3 and coalesce(bill_looks_at > $2, true) as waits from (
              select bill_at, coalesce(bill_waits_for, '-infinity') as bill_waits_for, bill_looks_at from billing.subscription where tenant_id = $1 and bill_at <= $2) as due) as due
            """,
            transaction.Tenant, now, sealedUpto);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new DueCounts(reader.GetInt64(0), reader.GetInt64(1), Instant(reader, 2));
    }

    /// <summary>As they are, held by nobody.</summary>
    public static async Task<IReadOnlyList<BillingProgress>> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> subscriptions, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select id, billed_to, bill_at from billing.subscription where tenant_id = $1 and id = any($2) order by id", transaction.Tenant, subscriptions.ToArray());
        return await ReadAsync(command, cancellationToken);
    }

    public static async Task SaveAsync(TenantTransaction transaction, IReadOnlyList<BillingProgress> progress, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            update billing.subscription as s set billed_to = n.billed_to, bill_at = n.bill_at, bill_waits_for = n.waits_for, bill_looks_at = n.looks_at, held_because = n.held_because
            from unnest($2::text[], $3, $4, $5, $6, $7::text[]) as n (id, billed_to, bill_at, waits_for, looks_at, held_because) where s.tenant_id = $1 and s.id = n.id
            """,
            transaction.Tenant, progress.Select(one => one.Subscription).ToArray(), null, null, null, null, progress.Select(one => one.HeldBecause).ToArray());
        command.Parameters[2] = Instants(progress.Select(one => one.BilledTo));
        command.Parameters[3] = Instants(progress.Select(one => one.BillAt));
        command.Parameters[4] = Instants(progress.Select(one => one.WaitsFor));
        command.Parameters[5] = Instants(progress.Select(one => one.LooksAt));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter Instants(IEnumerable<DateTimeOffset?> instants) =>
        new() { Value = instants.Select(one => one?.UtcDateTime).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz };

    private static async Task<List<BillingProgress>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<BillingProgress> found = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(new BillingProgress(reader.GetString(0), Instant(reader, 1), Instant(reader, 2)));
        }

        return found;
    }

    private static DateTimeOffset? Instant(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
