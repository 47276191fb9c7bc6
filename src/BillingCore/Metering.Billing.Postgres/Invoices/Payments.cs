using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>Money that came for invoices. What is more than an invoice asks for is the customer's credit.</summary>
public static class Payments
{
    /// <summary>The same payment again is the one that was taken: a reference pays once.</summary>
    /// <exception cref="ArgumentException">An amount of zero or below, or in another currency than the invoice.</exception>
    public static async Task<Change<PaymentRow>> TakeAsync(TenantTransaction transaction, string actor, PaymentToTake payment, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if ((await InvoiceStore.HoldAsync(transaction, [payment.Invoice], cancellationToken)).GetValueOrDefault(payment.Invoice) is not { } invoice)
        {
            return InvoiceRefusal.Unknown;
        }

        if (payment.Amount.Sign <= 0 || payment.Amount.Currency != invoice.Currency)
        {
            throw new ArgumentException($"{payment.Amount} {payment.Amount.Currency} cannot pay an invoice in {invoice.Currency}.", nameof(payment));
        }

        if (await FindAsync(transaction, payment.Reference, cancellationToken) is { } before)
        {
            return Same(before, payment);
        }

        if (InvoiceLife.Pay(invoice.State) is not InvoiceRefusal.None and var refusal)
        {
            return refusal;
        }

        PaymentRow taken = Taken(transaction.Tenant, payment, invoice, now);
        if (!await InsertAsync(transaction, taken, cancellationToken))
        {
            return Same((await FindAsync(transaction, payment.Reference, cancellationToken))!, payment); // somebody else paid another invoice with it in this moment
        }

        await PostAsync(transaction, taken, now, cancellationToken);
        Money remaining = invoice.Remaining - taken.Applied;
        InvoiceState state = invoice.Remaining.IsZero ? invoice.State : InvoiceLife.With(invoice.State, remaining);
        InvoiceRow paid = invoice with { Paid = invoice.Paid + taken.Applied, Remaining = remaining, State = state, ClosedAt = state == InvoiceState.Paid ? invoice.ClosedAt ?? now : invoice.ClosedAt };
        await InvoiceEvents.ChangeAsync(transaction, actor, invoice, new InvoiceEvent(paid, "payment_received", taken.Id), now, cancellationToken);
        return taken;
    }

    /// <summary>In the order they came.</summary>
    public static async Task<IReadOnlyList<PaymentRow>> OfInvoiceAsync(TenantTransaction transaction, string invoice, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command($"select {Columns} from billing.payment where tenant_id = $1 and invoice = $2 order by created_at, id", transaction.Tenant, invoice);
        return await ReadAsync(command, cancellationToken);
    }

    private const string Columns = "id, reference, invoice, customer, method, currency, amount, applied, excess, recovered, received_at, created_at";

    private static PaymentRow Taken(string tenant, PaymentToTake payment, InvoiceRow invoice, DateTimeOffset now)
    {
        (Money applied, Money excess) = InvoiceLife.Split(payment.Amount, invoice.Remaining);
        return new PaymentRow(
            DerivedId.Of("pay", tenant, payment.Reference), payment.Reference, invoice.Id, invoice.Customer, payment.Method, payment.Amount, applied, excess,
            Recovered: invoice.State == InvoiceState.Uncollectible, payment.ReceivedAt, now);
    }

    private static Change<PaymentRow> Same(PaymentRow before, PaymentToTake payment) =>
        before.Invoice == payment.Invoice && before.Amount == payment.Amount && before.Method == payment.Method ? before : InvoiceRefusal.ReferenceUsed;

    private static async Task PostAsync(TenantTransaction transaction, PaymentRow taken, DateTimeOffset now, CancellationToken cancellationToken)
    {
        Booking booking = await Books.BookingAsync(transaction, now, cancellationToken);
        await Books.PostAsync(
            transaction,
            [
                .. taken.Recovered ? InvoicePostings.Recovered(taken.Invoice, taken.Id, taken.Customer, taken.Applied, booking) : [],
                .. MoneyPostings.Paid(taken.Id, taken.Customer, taken.Applied, taken.Excess, toBank: taken.Method == PaymentMethod.Bank, booking),
            ],
            cancellationToken);
    }

    private static async Task<bool> InsertAsync(TenantTransaction transaction, PaymentRow taken, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"insert into billing.payment (tenant_id, {Columns}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict do nothing",
            transaction.Tenant, taken.Id, taken.Reference, taken.Invoice, taken.Customer, taken.Method == PaymentMethod.Bank ? "bank" : "clearing", taken.Amount.Currency.Code,
            taken.Amount.MinorUnits, taken.Applied.MinorUnits, taken.Excess.MinorUnits, taken.Recovered, taken.ReceivedAt.ToUniversalTime(), taken.CreatedAt);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private static async Task<PaymentRow?> FindAsync(TenantTransaction transaction, string reference, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command($"select {Columns} from billing.payment where tenant_id = $1 and reference = $2", transaction.Tenant, reference);
        return (await ReadAsync(command, cancellationToken)) is [var found] ? found : null;
    }

    private static async Task<List<PaymentRow>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<PaymentRow> payments = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Currency currency = Currency.Of(reader.GetString(5));
            payments.Add(new PaymentRow(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4) == "bank" ? PaymentMethod.Bank : PaymentMethod.Clearing,
                new Money(reader.GetInt64(6), currency), new Money(reader.GetInt64(7), currency), new Money(reader.GetInt64(8), currency), reader.GetBoolean(9),
                reader.GetFieldValue<DateTimeOffset>(10), reader.GetFieldValue<DateTimeOffset>(11)));
        }

        return payments;
    }
}
