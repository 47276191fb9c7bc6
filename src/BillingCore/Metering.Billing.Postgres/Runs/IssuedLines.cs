using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Runs;
using Metering.Billing.Tax;
using Npgsql;
using NpgsqlTypes;

namespace Metering.Billing.Postgres.Runs;

/// <summary>
/// What was issued for subscriptions, with what credit notes that stand have given back; a difference that a note gave back of a line the invoice has not is a line of its own. Lines of an invoice
/// that was voided count as not issued, unless it shall not be billed again.
/// </summary>
public static class IssuedLines
{
    /// <param name="since">Of each subscription: lines of periods that end after it.</param>
    public static async Task<ILookup<string, IssuedLine>> ReadAsync(TenantTransaction transaction, IReadOnlyList<(string Subscription, DateTimeOffset Since)> since, AsOf asOf, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select l.subscription, i.currency, l.invoice || '/' || l.n, l.period_start, l.period_end, l.key, l.component, l.service_start, l.service_end, l.recognition,
              l.amount, l.discount, l.tax, l.tax_code, l.tax_percent, l.tax_inclusive, i.state = 'void' and i.closed_at <= $4,
              coalesce((select sum(c.amount) from billing.credit_note_line c join billing.credit_note n on n.tenant_id = c.tenant_id and n.id = c.note
                where c.tenant_id = l.tenant_id and c.invoice = l.invoice and c.line = l.n and (n.state = 'issued' or n.voided_at > $4) and (n.issued_at, n.number) < ($4, $5)), 0)::bigint,
              coalesce((select sum(c.tax) from billing.credit_note_line c join billing.credit_note n on n.tenant_id = c.tenant_id and n.id = c.note
                where c.tenant_id = l.tenant_id and c.invoice = l.invoice and c.line = l.n and (n.state = 'issued' or n.voided_at > $4) and (n.issued_at, n.number) < ($4, $5)), 0)::bigint,
              l.is_difference,
              i.issued_at, i.number, l.n, l.promotional,
              coalesce((select sum(c.promotional) from billing.credit_note_line c join billing.credit_note n on n.tenant_id = c.tenant_id and n.id = c.note
                where c.tenant_id = l.tenant_id and c.invoice = l.invoice and c.line = l.n and (n.state = 'issued' or n.voided_at > $4) and (n.issued_at, n.number) < ($4, $5)), 0)::bigint, l.invoice
            from unnest($2::text[], $3) as s (subscription, since)
            join billing.invoice_line l on l.tenant_id = $1 and l.subscription = s.subscription and l.period_end > s.since
            join billing.invoice i on i.tenant_id = l.tenant_id and i.id = l.invoice
            where (i.state <> 'void' or i.waived or i.closed_at > $4) and (i.issued_at, i.number) < ($4, $5)
            union all
            select c.subscription, n.currency, c.note || '/' || c.n, c.period_start, c.period_end, c.key, c.component, c.period_start, c.period_end, c.recognition,
              -c.amount, 0::bigint, -c.tax, c.tax_code, c.tax_percent, c.tax_inclusive, false, 0::bigint, 0::bigint, true, n.issued_at, n.number, c.n, -c.promotional, 0::bigint, c.invoice
            from unnest($2::text[], $3) as s (subscription, since)
            join billing.credit_note_line c on c.tenant_id = $1 and c.subscription = s.subscription and c.period_end > s.since and c.line is null
            join billing.credit_note n on n.tenant_id = c.tenant_id and n.id = c.note and (n.state = 'issued' or n.voided_at > $4) and (n.issued_at, n.number) < ($4, $5)
            order by 1, 21, 22, 23
            """,
            transaction.Tenant, since.Select(one => one.Subscription).ToArray(), null, asOf.IssuedAt, asOf.Number);
        command.Parameters[2] = new NpgsqlParameter { Value = since.Select(one => one.Since.UtcDateTime).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz };
        List<(string Subscription, IssuedLine Line)> found = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add((reader.GetString(0), LineOf(reader)));
        }

        return found.ToLookup(one => one.Subscription, one => one.Line, StringComparer.Ordinal);
    }

    private static IssuedLine LineOf(NpgsqlDataReader row)
    {
        Currency currency = Currency.Of(row.GetString(1));
        Money Amount(int column) => new(row.GetInt64(column), currency);
        TimeRange Range(int column) => new(row.GetFieldValue<DateTimeOffset>(column), row.GetFieldValue<DateTimeOffset>(column + 1));
        TaxRate? rate = row.IsDBNull(13) ? null : new TaxRate(row.GetString(13), Fraction.Parse(row.GetString(14)), row.GetBoolean(15));
        return new IssuedLine(
            row.GetString(2), Range(3), row.GetString(5), row.GetString(6), Range(7), RecognitionOf(row.GetString(9)), Amount(10), Amount(11), Amount(12), rate,
            Credited: Amount(17), CreditedTax: Amount(18), IsVoid: row.GetBoolean(16), IsDifference: row.GetBoolean(19))
        {
            Invoice = row.GetString(25),
            Promotional = Amount(23),
            CreditedPromotional = Amount(24),
        };
    }

    private static LineRecognition RecognitionOf(string name) => name switch
    {
        "arrears" => LineRecognition.Arrears,
        "once" => LineRecognition.Once,
        "advance" => LineRecognition.Advance,
        _ => LineRecognition.GrantPurchase,
    };
}
