using Metering.Billing.Periods;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Tax;
using Npgsql;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>A tenant's credit notes as they are.</summary>
public static class CreditNoteStore
{
    private const string Columns =
        "id, invoice, cause, customer, number, state, reason, currency, amount, promotional, tax, total, reduced, restored, refunds, rest, issued_at, voided_at, void_reason";

    public static async Task<CreditNoteRow?> FindAsync(TenantTransaction transaction, string id, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command($"select {Columns} from billing.credit_note where tenant_id = $1 and id = $2", transaction.Tenant, id);
        return (await ReadAsync(command, cancellationToken)) is [var found] ? found : null;
    }

    /// <summary>Of all these invoices, in the order of issue; voided ones too.</summary>
    public static async Task<IReadOnlyList<CreditNoteRow>> OfInvoicesAsync(TenantTransaction transaction, IReadOnlyList<string> invoices, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"select {Columns} from billing.credit_note where tenant_id = $1 and invoice = any($2) order by issued_at, number", transaction.Tenant, invoices.ToArray());
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>Of all these notes, in the order of note and number.</summary>
    public static async Task<IReadOnlyList<CreditNoteLineRow>> LinesAsync(TenantTransaction transaction, IReadOnlyList<string> notes, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select line.note, n, line.invoice, line.line, subscription, period_start, period_end, key, component, recognition, line.amount, line.promotional, line.tax, tax_inclusive, line.total,
              currency, tax_code, tax_percent
            from billing.credit_note_line line join billing.credit_note on credit_note.tenant_id = line.tenant_id and credit_note.id = line.note
            where line.tenant_id = $1 and line.note = any($2) order by line.note, n
            """,
            transaction.Tenant, notes.ToArray());
        List<CreditNoteLineRow> lines = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Currency currency = Currency.Of(reader.GetString(15));
            Money Amount(int column) => new(reader.GetInt64(column), currency);
            lines.Add(new CreditNoteLineRow(
                reader.GetString(0), reader.GetInt32(1), reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetInt32(3), reader.TextOrNull(4),
                new TimeRange(reader.GetFieldValue<DateTimeOffset>(5), reader.GetFieldValue<DateTimeOffset>(6)), reader.GetString(7), reader.GetString(8),
                InvoiceNames.RecognitionOf(reader.GetString(9)), Amount(10), Amount(11), Amount(12), reader.GetBoolean(13), Amount(14),
                reader.TextOrNull(16) is { } code ? new TaxRate(code, Fraction.Parse(reader.GetString(17)), reader.GetBoolean(13)) : null));
        }

        return lines;
    }

    internal static async Task InsertAsync(TenantTransaction transaction, IReadOnlyList<ComputedNote> notes, string[] numbers, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.credit_note (tenant_id, id, invoice, cause, customer, number, reason, currency, amount, promotional, tax, total, reduced, restored, refunds, rest, issued_at)
            select $1, note.*, $17 from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],
              $13::bigint[], $14::bigint[], $15::boolean[], $16::bigint[]) as note
            """,
            transaction.Tenant, notes.Select(one => one.Id).ToArray(), notes.Select(one => one.Invoice.Id).ToArray(), notes.Select(one => one.Wanted.Cause).ToArray(),
            notes.Select(one => one.Invoice.Customer).ToArray(), numbers, notes.Select(one => one.Wanted.Reason).ToArray(), notes.Select(one => one.Invoice.Currency.Code).ToArray(),
            notes.Select(one => one.Sum(line => line.Amount).MinorUnits).ToArray(), notes.Select(one => one.Sum(line => line.Promotional).MinorUnits).ToArray(),
            notes.Select(one => one.Sum(line => line.Tax).MinorUnits).ToArray(), notes.Select(one => one.Total.MinorUnits).ToArray(),
            notes.Select(one => one.Settlement.ReducesOpen.MinorUnits).ToArray(), notes.Select(one => one.Restored.MinorUnits).ToArray(), notes.Select(one => one.Wanted.Refunds).ToArray(),
            notes.Select(one => one.Settlement.ToCustomerCredit.MinorUnits).ToArray(), now);
        await command.ExecuteNonQueryAsync(cancellationToken);
        await InsertLinesAsync(transaction, [.. notes.SelectMany(one => one.Lines)], cancellationToken);
    }

    private static async Task InsertLinesAsync(TenantTransaction transaction, CreditNoteLineRow[] lines, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.credit_note_line (tenant_id, note, n, invoice, line, subscription, period_start, period_end, key, component, recognition, amount, promotional, tax, tax_inclusive,
              total, tax_code, tax_percent)
            select $1, line.* from unnest($2::text[], $3::int[], $4::text[], $5::int[], $6::text[], $7::timestamptz[], $8::timestamptz[], $9::text[], $10::text[], $11::text[], $12::bigint[],
              $13::bigint[], $14::bigint[], $15::boolean[], $16::bigint[], $17::text[], $18::text[]) as line
            """,
            transaction.Tenant, Array.ConvertAll(lines, one => one.Note), Array.ConvertAll(lines, one => one.Number), Array.ConvertAll(lines, one => one.Invoice),
            Array.ConvertAll(lines, one => one.Line), Array.ConvertAll(lines, one => one.Subscription), Array.ConvertAll(lines, one => one.Period.Start),
            Array.ConvertAll(lines, one => one.Period.End), Array.ConvertAll(lines, one => one.Key), Array.ConvertAll(lines, one => one.Component),
            Array.ConvertAll(lines, one => one.Recognition.Name()), Array.ConvertAll(lines, one => one.Amount.MinorUnits), Array.ConvertAll(lines, one => one.Promotional.MinorUnits),
            Array.ConvertAll(lines, one => one.Tax.MinorUnits), Array.ConvertAll(lines, one => one.IsTaxInclusive), Array.ConvertAll(lines, one => one.Total.MinorUnits),
            Array.ConvertAll(lines, one => one.OwnRate?.Code), Array.ConvertAll(lines, one => one.OwnRate?.Percent.ToString()));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    internal static async Task VoidAsync(TenantTransaction transaction, string id, string reason, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "update billing.credit_note set state = 'void', voided_at = $3, void_reason = $4 where tenant_id = $1 and id = $2", transaction.Tenant, id, now, reason);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<List<CreditNoteRow>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<CreditNoteRow> notes = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Currency currency = Currency.Of(reader.GetString(7));
            Money Amount(int column) => new(reader.GetInt64(column), currency);
            notes.Add(new CreditNoteRow(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5) == "void", reader.GetString(6), Amount(8), Amount(9),
                Amount(10), Amount(11), Amount(12), Amount(13), reader.GetBoolean(14), Amount(15), reader.GetFieldValue<DateTimeOffset>(16), reader.InstantOrNull(17), reader.TextOrNull(18)));
        }

        return notes;
    }
}
