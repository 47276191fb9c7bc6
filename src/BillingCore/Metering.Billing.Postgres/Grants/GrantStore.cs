using Metering.Billing.Credits;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Grants;

/// <summary>A tenant's grants as they are, and what moved them. Whoever moves a grant holds its customer's money (<see cref="CustomerMoney"/>).</summary>
public static class GrantStore
{
    private const string Columns = "id, reference, customer, kind, currency, amount, remaining, state, components, priority, valid_from, expires_at, granted_at, invoice";

    public static async Task<GrantRow?> FindAsync(TenantTransaction transaction, string id, CancellationToken cancellationToken) =>
        (await ReadAsync(transaction, [id], cancellationToken)) is [var found] ? found : null;

    public static async Task<IReadOnlyList<GrantRow>> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command($"select {Columns} from billing.credit_grant where tenant_id = $1 and id = any($2) order by id", transaction.Tenant, ids.ToArray());
        return await RowsAsync(command, cancellationToken);
    }

    public static async Task<GrantRow?> FindByReferenceAsync(TenantTransaction transaction, string reference, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command($"select {Columns} from billing.credit_grant where tenant_id = $1 and reference = $2", transaction.Tenant, reference);
        return (await RowsAsync(command, cancellationToken)) is [var found] ? found : null;
    }

    /// <summary>Newest first.</summary>
    /// <param name="after">Instant and id of the last one of the page before.</param>
    public static async Task<IReadOnlyList<GrantRow>> ListAsync(
        TenantTransaction transaction, string? customer, GrantState? state, (DateTimeOffset At, string Id)? after, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""
            select {Columns} from billing.credit_grant
            where tenant_id = $1 and ($2::text is null or customer = $2) and ($3::text is null or state = $3)
              and ($4::timestamptz is null or granted_at < $4 or granted_at = $4 and id > $5)
            order by granted_at desc, id limit $6
            """,
            transaction.Tenant, customer, state?.Name(), after?.At, after?.Id, limit);
        return await RowsAsync(command, cancellationToken);
    }

    /// <summary>Those that something may be left of, of all these customers.</summary>
    public static async Task<IReadOnlyList<GrantRow>> OfCustomersAsync(TenantTransaction transaction, IReadOnlyList<string> customers, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"select {Columns} from billing.credit_grant where tenant_id = $1 and customer = any($2) and remaining > 0 and state in ('pending', 'usable') order by id",
            transaction.Tenant, customers.ToArray());
        return await RowsAsync(command, cancellationToken);
    }

    /// <returns>False when the reference was used before.</returns>
    public static async Task<bool> AddAsync(TenantTransaction transaction, GrantRow grant, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.credit_grant (tenant_id, id, reference, customer, kind, currency, amount, remaining, state, components, priority, valid_from, expires_at, granted_at, invoice)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text[], $11, $12, $13::timestamptz, $14, $15) on conflict do nothing
            """,
            transaction.Tenant, grant.Id, grant.Reference, grant.Customer, grant.Kind.Name(), grant.Amount.Currency.Code, grant.Amount.MinorUnits, grant.Remaining.MinorUnits, grant.State.Name(),
            grant.Components?.ToArray(), grant.Priority, grant.ValidFrom, grant.ExpiresAt, grant.GrantedAt, grant.Invoice);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Takes from grants and gives back to them.</summary>
    /// <exception cref="PostgresException">More is taken than is left: who asks has read the grants under the hold and knows.</exception>
    public static async Task MoveAsync(TenantTransaction transaction, IReadOnlyList<GrantMove> moves, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (moves.Count == 0)
        {
            return;
        }

        await using NpgsqlCommand command = transaction.Command(
            """
            with moved as (
              insert into billing.grant_use (tenant_id, grant_id, cause, invoice, amount, n, at)
              select $1, grant_id, cause, invoice, amount, n, $7
              from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::int[]) as use (grant_id, cause, invoice, amount, n)
              returning grant_id, amount)
            update billing.credit_grant set remaining = remaining - sums.amount
            from (select grant_id, sum(amount)::bigint as amount from moved group by grant_id) as sums where tenant_id = $1 and id = sums.grant_id
            """,
            transaction.Tenant, moves.Select(one => one.Grant).ToArray(), moves.Select(one => one.Cause).ToArray(), moves.Select(one => one.Invoice).ToArray(),
            moves.Select(one => one.Amount.MinorUnits).ToArray(), moves.Select(one => one.Order).ToArray(), now);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>What each grant gave to each of these invoices and has not got back, in the order of use.</summary>
    public static async Task<IReadOnlyList<(string Invoice, GrantRow Grant, Money Used, int Order)>> UsedOnAsync(
        TenantTransaction transaction, IReadOnlyList<string> invoices, CancellationToken cancellationToken)
    {
        List<(string Invoice, string Grant, long Used, int Order)> used = [];
        await using NpgsqlCommand command = transaction.Command(
            """
            select invoice, grant_id, sum(amount)::bigint, min(n) from billing.grant_use
            where tenant_id = $1 and invoice = any($2) group by invoice, grant_id having sum(amount) > 0 order by invoice, min(n)
            """,
            transaction.Tenant, invoices.ToArray());
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                used.Add((reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetInt32(3)));
            }
        }

        Dictionary<string, GrantRow> grants = used.Count == 0 ? [] : (await ReadAsync(transaction, [.. used.Select(one => one.Grant).Distinct()], cancellationToken)).ToDictionary(one => one.Id);
        return [.. used.Select(one => (one.Invoice, grants[one.Grant], new Money(one.Used, grants[one.Grant].Amount.Currency), one.Order))];
    }

    public static async Task<IReadOnlyList<GrantMove>> MovesOfAsync(TenantTransaction transaction, string cause, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select grant_id, cause, used.invoice, used.amount, n, currency
            from billing.grant_use used join billing.credit_grant on credit_grant.tenant_id = used.tenant_id and credit_grant.id = used.grant_id
            where used.tenant_id = $1 and cause = $2 order by n
            """,
            transaction.Tenant, cause);
        List<GrantMove> moves = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            moves.Add(new GrantMove(reader.GetString(0), reader.GetString(1), reader.TextOrNull(2), new Money(reader.GetInt64(3), Currency.Of(reader.GetString(5))), reader.GetInt32(4)));
        }

        return moves;
    }

    /// <summary>How often something of a grant was refunded.</summary>
    internal static async Task<int> RefundsAsync(TenantTransaction transaction, string grant, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select count(*)::int from billing.grant_use where tenant_id = $1 and grant_id = $2 and cause like 'refund:%'", transaction.Tenant, grant);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>What of a grant was turned into a refund, sent or not.</summary>
    internal static async Task<Money> RefundedAsync(TenantTransaction transaction, GrantRow grant, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select coalesce(sum(amount), 0)::bigint from billing.grant_use where tenant_id = $1 and grant_id = $2 and cause like 'refund:%'", transaction.Tenant, grant.Id);
        return new Money((long)(await command.ExecuteScalarAsync(cancellationToken))!, grant.Amount.Currency);
    }

    /// <summary>Those that invoices sell, when these are paid or voided. One that can be used already may be voided, which the ledger has refused when some of it is used.</summary>
    internal static async Task TurnSoldAsync(TenantTransaction transaction, IReadOnlyList<string> invoices, GrantState state, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "update billing.credit_grant set state = $3 where tenant_id = $1 and invoice = any($2) and (state = 'pending' or state = 'usable' and $3 = 'void')", transaction.Tenant, invoices.ToArray(), state.Name());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    internal static async Task TurnAsync(TenantTransaction transaction, IReadOnlyList<string> grants, GrantState state, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "update billing.credit_grant set state = $3 where tenant_id = $1 and id = any($2)", transaction.Tenant, grants.ToArray(), state.Name());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<List<GrantRow>> RowsAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<GrantRow> rows = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Currency currency = Currency.Of(reader.GetString(4));
            rows.Add(new GrantRow(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3) == "paid" ? GrantKind.Paid : GrantKind.Promotional, new Money(reader.GetInt64(5), currency),
                new Money(reader.GetInt64(6), currency), GrantNames.FindState(reader.GetString(7))!.Value, reader.IsDBNull(8) ? null : reader.GetFieldValue<string[]>(8), reader.GetInt32(9),
                reader.GetFieldValue<DateTimeOffset>(10), reader.InstantOrNull(11), reader.GetFieldValue<DateTimeOffset>(12), reader.TextOrNull(13)));
        }

        return rows;
    }
}
