using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Metering.Billing.Postgres.Audit;
using Metering.Billing.Postgres.Grants;
using Metering.Billing.Postgres.Outbox;
using Metering.Billing.Postgres.Tenancy;

namespace Metering.Billing.Postgres.Invoices;

/// <param name="Invoice">As it is after it.</param>
/// <param name="What">finalized, paid, payment_received, voided, written_off, credited, credit_voided.</param>
/// <param name="Cause">Of the payment or credit note that did it, or the reason; empty when there is none.</param>
internal sealed record InvoiceEvent(InvoiceRow Invoice, string What, string Cause);

/// <summary>What happened to invoices: told to the other roles, and kept.</summary>
internal static class InvoiceEvents
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task AddAsync(TenantTransaction transaction, string actor, IReadOnlyList<InvoiceEvent> events, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string[] bodies = [.. events.Select(Body)];
        await OutboxStore.AddAsync(transaction, [.. events.Select((one, i) => new OutboxMessage(Subject(one), $"invoice.{one.What}", bodies[i]))], now, cancellationToken);
        await AuditLog.AddAsync(transaction, [.. events.Select((one, i) => new AuditEntry(actor, $"invoice.{one.What}", Subject(one), bodies[i]))], now, cancellationToken);
    }

    /// <summary>Nothing remains to be paid of them: what they sell can be used.</summary>
    public static async Task PaidAsync(TenantTransaction transaction, string actor, IReadOnlyList<InvoiceRow> paid, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (paid.Count > 0)
        {
            await GrantStore.TurnSoldAsync(transaction, [.. paid.Select(row => row.Id)], GrantState.Usable, cancellationToken);
            await AddAsync(transaction, actor, [.. paid.Select(row => new InvoiceEvent(row, "paid", ""))], now, cancellationToken);
        }
    }

    /// <summary>One change of one invoice: the row, what follows when it is paid by it, and the message.</summary>
    public static async Task ChangeAsync(
        TenantTransaction transaction, string actor, InvoiceRow before, InvoiceEvent change, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await InvoiceStore.ChangeAsync(transaction, [change.Invoice], cancellationToken);
        await AddAsync(transaction, actor, [change], now, cancellationToken);
        if (change.Invoice.State == Invoicing.InvoiceState.Paid && before.State != Invoicing.InvoiceState.Paid)
        {
            await PaidAsync(transaction, actor, [change.Invoice], now, cancellationToken);
        }
    }

    private static string Subject(InvoiceEvent one) => $"invoice:{one.Invoice.Id}";

    private static string Body(InvoiceEvent one)
    {
        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter json = new(output, s_options))
        {
            json.WriteStartObject();
            json.WriteString("invoice", one.Invoice.Id);
            json.WriteString("number", one.Invoice.Number);
            json.WriteString("customer", one.Invoice.Customer);
            json.WriteString("subscription", one.Invoice.Subscription);
            json.WriteString("kind", one.Invoice.Kind);
            json.WriteString("state", one.Invoice.State.Name());
            json.WriteString("currency", one.Invoice.Currency.Code);
            json.WriteString("total", one.Invoice.Total.ToString());
            json.WriteString("remaining", one.Invoice.Remaining.ToString());
            if (one.Cause.Length > 0)
            {
                json.WriteString("cause", one.Cause);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
