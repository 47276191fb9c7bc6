using System.Text;
using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Grants;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Proration;
using Npgsql;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>Writes computed invoices: the ledger first, the numbers last, because the row they come from is everybody's.</summary>
internal static class FinalizationWriter
{
    private const string Actor = "billing";

    public static async Task WriteAsync(TenantTransaction transaction, ComputedInvoice[] invoices, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Booking booking = await Books.BookingAsync(transaction, now, cancellationToken);
        await Books.PostAsync(
            transaction, [.. invoices.SelectMany(one => InvoicePostings.Finalized(LineFacts.Finalized(one.Row.Id, one.Row.Customer, one.Invoice, one.Settlement, one.Lines), booking))], cancellationToken);
        await Deferrals.AddAsync(transaction, [.. invoices.SelectMany(Deferred)], cancellationToken);
        await GrantStore.MoveAsync(transaction, [.. invoices.SelectMany(Moves)], now, cancellationToken);
        string[] numbers = await DocumentNumbers.TakeAsync(transaction, DocumentNumbers.Invoices, invoices.Length, cancellationToken);
        await UpdateAsync(transaction, invoices, numbers, now, cancellationToken);
        await InsertLinesAsync(transaction, invoices, cancellationToken);
        InvoiceRow[] final = [.. invoices.Select((one, i) => Final(one, numbers[i], now))];
        await InvoiceEvents.AddAsync(transaction, Actor, [.. final.Select(row => new InvoiceEvent(row, "finalized", ""))], now, cancellationToken);
        await InvoiceEvents.PaidAsync(transaction, Actor, [.. final.Where(row => row.State == InvoiceState.Paid)], now, cancellationToken);
    }

    private static InvoiceState StateOf(ComputedInvoice one) => InvoiceLife.With(InvoiceState.Open, one.Settlement.AmountDue);

    private static InvoiceRow Final(ComputedInvoice one, string number, DateTimeOffset now) => one.Row with
    {
        State = StateOf(one),
        Number = number,
        IssuedAt = now,
        Total = one.Invoice.Total,
        Remaining = one.Settlement.AmountDue,
    };

    private static IEnumerable<DeferredLine> Deferred(ComputedInvoice one) => one.Lines
        .Select((fact, i) => (Fact: fact, Line: one.Invoice.Lines[i]))
        .Where(pair => !pair.Fact.Deferred.IsZero)
        .Select(pair => new DeferredLine(
            pair.Fact.Id, pair.Line.Corrects, one.Row.Customer, pair.Fact.Deferred, pair.Line.Service, one.Draft.Zone ?? one.Customer.Zone, UnitOf(one, pair.Line)));

    private static ProrationUnit UnitOf(ComputedInvoice one, InvoiceLine line) => line.Charge is { } index && one.Draft.Inputs.Charges[index] is AmountCharge charge ? charge.Unit : ProrationUnit.Day;

    private static IEnumerable<GrantMove> Moves(ComputedInvoice one) => one.Invoice.Promotions.Concat(one.Settlement.PaidGrants)
        .Select((use, i) => new GrantMove(use.Grant, $"invoice:{one.Row.Id}", one.Row.Id, use.Amount, i));

    private static async Task UpdateAsync(TenantTransaction transaction, ComputedInvoice[] invoices, string[] numbers, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            update billing.invoice set state = final.state, number = final.number, issued_at = $3, payable_until = final.payable_until, rules_version = $4, inputs = final.inputs::json,
              inputs_hash = final.inputs_hash, body = final.body::json, rounding = final.rounding, subtotal = final.subtotal, discount = final.discount,
              promotional = final.promotional, tax = final.tax, total = final.total, incomplete_reason = final.incomplete_reason, by_grants = final.by_grants,
              by_credit = final.by_credit, carried = final.carried, remaining = final.remaining, closed_at = case when final.state = 'paid' then $3 end, revision = revision + 1
            from unnest($2::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[], $9::bytea[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::bigint[],
                $15::bigint[], $16::bigint[], $17::text[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[])
              as final (id, state, number, payable_until, inputs, inputs_hash, body, rounding, subtotal, discount, promotional, tax, total, incomplete_reason, by_grants, by_credit, carried,
                remaining)
            where invoice.tenant_id = $1 and invoice.id = final.id
            """,
            transaction.Tenant, Column(invoices, one => one.Row.Id), now, RulesVersion.Current, Column(invoices, one => StateOf(one).Name()), numbers,
            Column(invoices, one => now.AddDays(one.Customer.PaymentTermDays)), Column(invoices, one => Encoding.UTF8.GetString(one.Document.Inputs)), Column(invoices, one => one.Document.InputsHash),
            Column(invoices, one => Encoding.UTF8.GetString(one.Document.Body)), Column(invoices, one => one.Draft.Inputs.Rounding.Name()), Column(invoices, one => one.Invoice.Subtotal.MinorUnits),
            Column(invoices, one => one.Invoice.Discount.MinorUnits), Column(invoices, one => one.Invoice.Promotional.MinorUnits), Column(invoices, one => one.Invoice.Tax.MinorUnits),
            Column(invoices, one => one.Invoice.Total.MinorUnits), Column(invoices, one => one.Draft.Incomplete ? one.Draft.Reason ?? "" : null),
            Column(invoices, one => one.Settlement.PaidGrants.Sum(use => use.Amount.MinorUnits)), Column(invoices, one => one.Settlement.CustomerCredit.MinorUnits),
            Column(invoices, one => one.Settlement.Carried.MinorUnits), Column(invoices, one => one.Settlement.AmountDue.MinorUnits));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task InsertLinesAsync(TenantTransaction transaction, ComputedInvoice[] invoices, CancellationToken cancellationToken)
    {
        (InvoiceRow Row, InvoiceLine Line, LineFact Fact, bool IsDifference, int N)[] lines =
            [.. invoices.SelectMany(one => one.Invoice.Lines.Select((line, i) => (one.Row, line, one.Lines[i], InvoiceComputation.IsDifference(line, one.Draft.Inputs), i + 1)))];
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.invoice_line (tenant_id, invoice, n, subscription, period_start, period_end, key, component, service_start, service_end, kind, recognition, amount, discount,
              promotional, tax, tax_code, tax_percent, tax_inclusive, total, accrued, corrects, grant_id, is_difference)
            select $1, line.* from unnest($2::text[], $3::int[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[], $11::text[],
              $12::text[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::text[], $18::text[], $19::boolean[], $20::bigint[], $21::bigint[], $22::text[], $23::text[],
              $24::boolean[]) as line
            """,
            transaction.Tenant, Column(lines, one => one.Row.Id), Column(lines, one => one.N), Column(lines, one => one.Row.Subscription), Column(lines, one => one.Line.Period.Start),
            Column(lines, one => one.Line.Period.End), Column(lines, one => one.Line.Key), Column(lines, one => one.Line.Component), Column(lines, one => one.Line.Service.Start),
            Column(lines, one => one.Line.Service.End), Column(lines, one => one.Line.Kind.Name()), Column(lines, one => one.Line.Recognition.Name()),
            Column(lines, one => one.Line.Amount.MinorUnits), Column(lines, one => one.Line.Discount.MinorUnits), Column(lines, one => one.Line.Promotional.MinorUnits),
            Column(lines, one => one.Line.Tax.MinorUnits), Column(lines, one => one.Line.TaxRate?.Code), Column(lines, one => one.Line.TaxRate?.Percent.ToString()),
            Column(lines, one => one.Line.TaxRate is { IsInclusive: true }), Column(lines, one => one.Line.Payable.MinorUnits), Column(lines, one => one.Fact.Accrued.MinorUnits),
            Column(lines, one => one.Line.Corrects), Column(lines, one => one.Line.Grant.Length > 0 ? one.Line.Grant : null), Column(lines, one => one.IsDifference));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static TValue[] Column<TRow, TValue>(TRow[] rows, Converter<TRow, TValue> value) => Array.ConvertAll(rows, value);
}
