using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Refunds;

/// <summary>A tenant's refunds as they are. Whoever adds or changes one holds its customer's money (<see cref="CustomerMoney"/>).</summary>
public static class RefundStore
{
    private const string Columns = "id, reference, customer, note, grant_id, currency, amount, sent_at, created_at, failed_at, fail_reason";

    public static async Task<RefundRow?> FindAsync(TenantTransaction transaction, string id, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command($"select {Columns} from billing.refund where tenant_id = $1 and id = $2", transaction.Tenant, id);
        return (await ReadAsync(command, cancellationToken)) is [var found] ? found : null;
    }

    /// <summary>Newest first.</summary>
    /// <param name="after">Instant of recording and id of the last one of the page before.</param>
    public static async Task<IReadOnlyList<RefundRow>> ListAsync(
        TenantTransaction transaction, string? customer, string? state, (DateTimeOffset At, string Id)? after, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""
            select {Columns} from billing.refund
            where tenant_id = $1 and ($2::text is null or customer = $2) and ($3::text is null or state = $3) and ($4::timestamptz is null or created_at < $4 or created_at = $4 and id > $5)
            order by created_at desc, id limit $6
            """,
            transaction.Tenant, customer, state, after?.At, after?.Id, limit);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>Minor units that were sent of a source and did not come back.</summary>
    internal static async Task<long> SentAsync(TenantTransaction transaction, RefundSource source, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select coalesce(sum(amount), 0)::bigint from billing.refund where tenant_id = $1 and (note = $2 or grant_id = $3) and state = 'sent'", transaction.Tenant, source.Note, source.Grant);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <returns>False when the reference was used before.</returns>
    internal static async Task<bool> AddAsync(TenantTransaction transaction, RefundRow refund, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.refund (tenant_id, id, reference, customer, note, grant_id, currency, amount, sent_at, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing
            """,
            transaction.Tenant, refund.Id, refund.Reference, refund.Customer, refund.Source.Note, refund.Source.Grant, refund.Amount.Currency.Code, refund.Amount.MinorUnits,
            refund.SentAt.ToUniversalTime(), refund.CreatedAt);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    internal static async Task FailAsync(TenantTransaction transaction, string id, string reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "update billing.refund set state = 'failed', failed_at = $3, fail_reason = $4 where tenant_id = $1 and id = $2", transaction.Tenant, id, now, reason);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<List<RefundRow>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<RefundRow> refunds = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            refunds.Add(new RefundRow(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), new RefundSource(reader.TextOrNull(3), reader.TextOrNull(4)),
                new Money(reader.GetInt64(6), Currency.Of(reader.GetString(5))), reader.GetFieldValue<DateTimeOffset>(7), reader.GetFieldValue<DateTimeOffset>(8), reader.InstantOrNull(9), reader.TextOrNull(10)));
        }

        return refunds;
    }
}
