using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <param name="Month">Its first day. All months before it are closed too.</param>
/// <param name="ClosedBy">For people.</param>
public sealed record ClosedMonth(DateOnly Month, DateTimeOffset ClosedAt, string ClosedBy);

/// <summary>Months that take no entry any more.</summary>
public static class ClosedMonths
{
    /// <summary>Newest first.</summary>
    /// <param name="before">The month that the last page ended with.</param>
    public static async Task<IReadOnlyList<ClosedMonth>> ListAsync(TenantTransaction transaction, DateOnly? before, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select month, closed_at, closed_by from billing.ledger_close where tenant_id = $1 and month < $2 order by month desc limit $3",
            transaction.Tenant, before ?? DateOnly.MaxValue, limit);
        List<ClosedMonth> months = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            months.Add(new ClosedMonth(reader.GetFieldValue<DateOnly>(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetString(2)));
        }

        return months;
    }

    /// <summary>The first day of the first month that takes entries; null while none was closed.</summary>
    public static async Task<DateOnly?> OpenFromAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = transaction.Batch(NewestCommand(transaction.Tenant));
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await ReadOpenFromAsync(reader, cancellationToken);
    }

    /// <summary>Closes the month and all before it, waiting for whoever is posting, and writes down the balances that are folded.</summary>
    /// <returns>False when it was closed before; nothing is changed.</returns>
    public static async Task<bool> CloseAsync(TenantTransaction transaction, ClosedMonth close, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = transaction.Batch(
            PostgresCommands.BatchCommand("select billing.take_ledger_snapshot()"),
            PostgresCommands.BatchCommand(
                """
                insert into billing.ledger_close (tenant_id, month, closed_at, closed_by)
                select $1, $2, $3, $4 where not exists (select from billing.ledger_close where tenant_id = $1 and month >= $2)
                """,
                transaction.Tenant, close.Month, close.ClosedAt, close.ClosedBy));
        return await batch.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Deferred lines with revenue of this month or one before it, and when the first of them is due; it may be sooner.</summary>
    public static async Task<(long Lines, DateTimeOffset? DueAt)> UnrecognizedAsync(TenantTransaction transaction, DateOnly month, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select count(*), min(due_at) from billing.deferred_line where tenant_id = $1 and due_at is not null and next_month <= $2", transaction.Tenant, month);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetFieldValue<DateTimeOffset>(1));
    }

    internal static NpgsqlBatchCommand NewestCommand(string tenant) => PostgresCommands.BatchCommand("select max(month) from billing.ledger_close where tenant_id = $1", tenant);

    internal static async Task<DateOnly?> ReadOpenFromAsync(NpgsqlDataReader reader, CancellationToken cancellationToken) =>
        await reader.ReadAsync(cancellationToken) && !reader.IsDBNull(0) ? reader.GetFieldValue<DateOnly>(0).AddMonths(1) : null;
}
