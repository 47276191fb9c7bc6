using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>A tenant's invoices as they are.</summary>
public static class InvoiceStore
{
    private const string Columns =
        """
        id, subscription, due_at, kind, attempt, customer, currency, state, revision, created_at, number, issued_at, payable_until, rounding, coalesce(subtotal, 0), coalesce(discount, 0),
        coalesce(promotional, 0), coalesce(tax, 0), coalesce(total, 0), incomplete_reason, by_grants, by_credit, carried, paid, credited, remaining, closed_at, closing_reason
        """;

    public static async Task<InvoiceRow?> FindAsync(TenantTransaction transaction, string id, CancellationToken cancellationToken) =>
        (await ReadAsync(transaction, [id], cancellationToken)).GetValueOrDefault(id);

    /// <summary>Those there are, by id.</summary>
    public static async Task<IReadOnlyDictionary<string, InvoiceRow>> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command($"select {Columns} from billing.invoice where tenant_id = $1 and id = any($2)", transaction.Tenant, ids.ToArray());
        return (await RowsAsync(command, cancellationToken)).ToDictionary(row => row.Id);
    }

    /// <summary>Those there are, by id, held until the transaction ends with the money of their customers.</summary>
    public static async Task<IReadOnlyDictionary<string, InvoiceRow>> HoldAsync(TenantTransaction transaction, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand find = transaction.Command("select distinct customer from billing.invoice where tenant_id = $1 and id = any($2)", transaction.Tenant, ids.ToArray());
        await CustomerMoney.HoldAsync(transaction, await TextsAsync(find, cancellationToken), cancellationToken);
        await using NpgsqlCommand hold = transaction.Command(
            $"select {Columns} from billing.invoice where tenant_id = $1 and id = any($2) order by id for update", transaction.Tenant, ids.ToArray());
        return (await RowsAsync(hold, cancellationToken)).ToDictionary(row => row.Id);
    }

    /// <summary>Newest first.</summary>
    /// <param name="after">Due instant and id of the last one of the page before.</param>
    public static async Task<IReadOnlyList<InvoiceRow>> ListAsync(
        TenantTransaction transaction, string? customer, string? subscription, InvoiceState? state, (DateTimeOffset DueAt, string Id)? after, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""
            select {Columns} from billing.invoice
            where tenant_id = $1 and ($2::text is null or customer = $2) and ($3::text is null or subscription = $3) and ($4::text is null or state = $4)
              and ($5::timestamptz is null or due_at < $5 or due_at = $5 and id > $6)
            order by due_at desc, id limit $7
            """,
            transaction.Tenant, customer, subscription, state?.Name(), after?.DueAt, after?.Id, limit);
        return await RowsAsync(command, cancellationToken);
    }

    /// <summary>Of all these invoices, in the order of invoice and number.</summary>
    public static async Task<IReadOnlyList<InvoiceLineRow>> LinesAsync(TenantTransaction transaction, IReadOnlyList<string> invoices, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select line.invoice, n, line.subscription, period_start, period_end, key, component, service_start, service_end, line.kind, recognition, amount, line.discount, line.promotional,
              line.tax, tax_code, tax_percent, tax_inclusive, line.total, accrued, corrects, grant_id, currency
            from billing.invoice_line line join billing.invoice on invoice.tenant_id = line.tenant_id and invoice.id = line.invoice
            where line.tenant_id = $1 and line.invoice = any($2) order by line.invoice, n
            """,
            transaction.Tenant, invoices.ToArray());
        List<InvoiceLineRow> lines = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Currency currency = Currency.Of(reader.GetString(22));
            Money Amount(int column) => new(reader.GetInt64(column), currency);
            TimeRange Range(int column) => new(reader.GetFieldValue<DateTimeOffset>(column), reader.GetFieldValue<DateTimeOffset>(column + 1));
            lines.Add(new InvoiceLineRow(
                reader.GetString(0), reader.GetInt32(1), reader.TextOrNull(2), Range(3), reader.GetString(5), reader.GetString(6), Range(7), reader.GetString(9),
                InvoiceNames.RecognitionOf(reader.GetString(10)), Amount(11), Amount(12), Amount(13), Amount(14), reader.TextOrNull(15), reader.TextOrNull(16), reader.GetBoolean(17), Amount(18),
                Amount(19), reader.TextOrNull(20), reader.TextOrNull(21)));
        }

        return lines;
    }

    /// <summary>Final invoices with their bytes, in the order of their ids.</summary>
    /// <param name="ids">Null for all.</param>
    /// <param name="after">The last id of the page before.</param>
    public static async Task<IReadOnlyList<StoredInvoice>> StoredAsync(TenantTransaction transaction, IReadOnlyList<string>? ids, string? after, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select id, number, inputs::text, inputs_hash, body::text, subscription, kind, due_at, issued_at from billing.invoice
            where tenant_id = $1 and number is not null and ($2::text[] is null or id = any($2)) and id > $3 order by id limit $4
            """,
            transaction.Tenant, ids?.ToArray(), after ?? "", limit);
        List<StoredInvoice> stored = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            stored.Add(new StoredInvoice(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<byte[]>(3), reader.GetString(4), reader.TextOrNull(5), reader.GetString(6),
                reader.GetFieldValue<DateTimeOffset>(7), reader.GetFieldValue<DateTimeOffset>(8)));
        }

        return stored;
    }

    /// <summary>Writes what can change of final invoices: state, what was paid and credited, what remains, and why it ended.</summary>
    internal static async Task ChangeAsync(TenantTransaction transaction, IReadOnlyList<InvoiceRow> changed, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            update billing.invoice set state = to_be.state, paid = to_be.paid, credited = to_be.credited, remaining = to_be.remaining, closed_at = to_be.closed_at,
              closing_reason = to_be.closing_reason, revision = revision + 1
            from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[], $8::text[])
              as to_be (id, state, paid, credited, remaining, closed_at, closing_reason)
            where invoice.tenant_id = $1 and invoice.id = to_be.id
            """,
            transaction.Tenant, changed.Select(one => one.Id).ToArray(), changed.Select(one => one.State.Name()).ToArray(), changed.Select(one => one.Paid.MinorUnits).ToArray(),
            changed.Select(one => one.Credited.MinorUnits).ToArray(), changed.Select(one => one.Remaining.MinorUnits).ToArray(), changed.Select(one => one.ClosedAt).ToArray(),
            changed.Select(one => one.ClosingReason).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<List<string>> TextsAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<string> texts = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            texts.Add(reader.GetString(0));
        }

        return texts;
    }

    private static async Task<List<InvoiceRow>> RowsAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<InvoiceRow> rows = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(Row(reader));
        }

        return rows;
    }

    private static InvoiceRow Row(NpgsqlDataReader reader)
    {
        Currency currency = Currency.Of(reader.GetString(6));
        Money Amount(int column) => new(reader.GetInt64(column), currency);
        return new InvoiceRow
        {
            Id = reader.GetString(0),
            Subscription = reader.TextOrNull(1),
            DueAt = reader.GetFieldValue<DateTimeOffset>(2),
            Kind = reader.GetString(3),
            Attempt = reader.GetInt32(4),
            Customer = reader.GetString(5),
            Currency = currency,
            State = InvoiceNames.FindState(reader.GetString(7))!.Value,
            Revision = reader.GetInt64(8),
            CreatedAt = reader.GetFieldValue<DateTimeOffset>(9),
            Number = reader.TextOrNull(10),
            IssuedAt = reader.InstantOrNull(11),
            PayableUntil = reader.InstantOrNull(12),
            Rounding = reader.TextOrNull(13) is { } rounding ? InvoiceNames.RoundingOf(rounding) : RoundingMode.HalfAwayFromZero,
            Subtotal = Amount(14),
            Discount = Amount(15),
            Promotional = Amount(16),
            Tax = Amount(17),
            Total = Amount(18),
            IncompleteReason = reader.TextOrNull(19),
            ByGrants = Amount(20),
            ByCredit = Amount(21),
            Carried = Amount(22),
            Paid = Amount(23),
            Credited = Amount(24),
            Remaining = Amount(25),
            ClosedAt = reader.InstantOrNull(26),
            ClosingReason = reader.TextOrNull(27),
        };
    }
}
