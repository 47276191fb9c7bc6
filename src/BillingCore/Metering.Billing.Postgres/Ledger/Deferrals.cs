using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <summary>What is deferred, and how much of it still is. Recognition itself is <see cref="RevenueRecognition"/>'s.</summary>
public static class Deferrals
{
    /// <summary>
    /// To be recognised from now on. An amount of zero is nothing to recognise, and a line that is there stays as it is: a line never changes. Which month is its
    /// first depends on its zone; recognition finds out, and until then the earliest that it could be stands for it. A line that takes another one back is counted by the same
    /// dates or seconds as that one, from its first month on that is not recognised, because all that is still deferred is of it and of later ones.
    /// </summary>
    public static async Task AddAsync(TenantTransaction transaction, IReadOnlyList<DeferredLine> lines, CancellationToken cancellationToken)
    {
        DeferredLine[] deferred = [.. lines.Where(line => !line.Amount.IsZero)];
        if (deferred.Length == 0)
        {
            return;
        }

        await using NpgsqlBatch batch = transaction.Batch(
            PostgresCommands.BatchCommand(
                """
                insert into billing.deferred_line (tenant_id, line, corrects, customer, currency, amount, service_start, service_end, zone, unit, next_month, due_at, spread_from)
                select $1, given.line, given.corrects, given.customer, given.currency, given.amount, given.service_start, given.service_end, coalesce(old.zone, given.zone), coalesce(old.unit, given.unit),
                  date_trunc('month', given.service_start at time zone 'UTC' - interval '1 day')::date, given.service_start, old.next_month
                from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[], $8::timestamptz[], $9::text[], $10::text[])
                  as given (line, corrects, customer, currency, amount, service_start, service_end, zone, unit)
                left join billing.deferred_line as old on old.tenant_id = $1 and old.line = given.corrects
                order by given.line
                on conflict (tenant_id, line) do nothing
                """,
                transaction.Tenant,
                Array.ConvertAll(deferred, line => line.Line),
                Array.ConvertAll(deferred, line => line.Corrects),
                Array.ConvertAll(deferred, line => line.Customer),
                Array.ConvertAll(deferred, line => line.Amount.Currency.Code),
                Array.ConvertAll(deferred, line => line.Amount.MinorUnits),
                Array.ConvertAll(deferred, line => line.Service.Start),
                Array.ConvertAll(deferred, line => line.Service.End),
                Array.ConvertAll(deferred, line => line.Zone),
                Array.ConvertAll(deferred, line => line.Unit.ToString())),
            LedgerUpkeep.Begin(transaction.Tenant));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Of each line: its deferred amount and that of the lines that correct it, less what was recognised of them. Zero for a line that is not there, or whose invoice
    /// was voided.
    /// </summary>
    /// <param name="currency">Of all of them.</param>
    public static async Task<IReadOnlyDictionary<string, Money>> StillDeferredAsync(
        TenantTransaction transaction, IReadOnlyList<string> lines, Currency currency, CancellationToken cancellationToken)
    {
        Dictionary<string, Money> still = lines.Distinct().ToDictionary(line => line, _ => Money.Zero(currency));
        await using NpgsqlCommand command = transaction.Command(
            """
            select line, currency, sum(amount)::bigint from (
              select line, currency, amount - recognized as amount from billing.deferred_line where tenant_id = $1 and line = any($2) and canceled_at is null
              union all
              select corrects, currency, amount - recognized from billing.deferred_line where tenant_id = $1 and corrects = any($2) and canceled_at is null) as part
            group by line, currency
            """,
            transaction.Tenant, still.Keys.ToArray());
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            still[reader.GetString(0)] += new Money(reader.GetInt64(2), Currency.Of(reader.GetString(1)));
        }

        return still;
    }

    /// <summary>
    /// Their invoice is voided: nothing more is recognised of them, and nothing of them is deferred. To be called before the reversal is posted, which takes back the
    /// recognition too.
    /// </summary>
    /// <returns>Keys of what was recognised of them, in the order of posting.</returns>
    public static async Task<IReadOnlyList<string>> CancelAsync(
        TenantTransaction transaction, IReadOnlyList<string> lines, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = transaction.Batch(
            PostgresCommands.BatchCommand("select from billing.deferred_line where tenant_id = $1 and line = any($2) order by line for update", transaction.Tenant, lines.ToArray()),
            PostgresCommands.BatchCommand(
                "update billing.deferred_line set canceled_at = $3, next_month = null, due_at = null where tenant_id = $1 and line = any($2) and canceled_at is null",
                transaction.Tenant, lines.ToArray(), now),
            PostgresCommands.BatchCommand(
                """
                select posted.key from unnest($2::text[]) as canceled (line)
                join billing.ledger_transaction as posted
                  on posted.tenant_id = $1 and posted.key > 'recognition:' || canceled.line || ':' and posted.key < 'recognition:' || canceled.line || ';'
                order by posted.seq
                """,
                transaction.Tenant, lines.ToArray()));
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        List<string> keys = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add(reader.GetString(0));
        }

        return keys;
    }
}
