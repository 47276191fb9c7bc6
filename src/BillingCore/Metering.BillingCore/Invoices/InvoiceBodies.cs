using System.Globalization;
using System.Text.Json;
using Metering.Billing.Postgres.Invoices;

namespace Metering.BillingCore.Invoices;

/// <summary>Invoices and what belongs to them, on the wire.</summary>
internal static class InvoiceBodies
{
    /// <summary>Kind of the lines that bill what events come to.</summary>
    public const string UsageLine = "usage";

    /// <summary>Where the events of a usage line are, within its invoice.</summary>
    public static string EventsOf(InvoiceLineRow row) => string.Create(CultureInfo.InvariantCulture, $"lines/{row.Number}/events");

    public static void Write(Utf8JsonWriter json, InvoiceRow invoice)
    {
        json.WriteStartObject();
        WriteFields(json, invoice);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, InvoiceView view)
    {
        json.WriteStartObject();
        WriteFields(json, view.Invoice);
        json.WriteStartArray("lines");
        foreach ((JsonElement line, InvoiceLineRow row) in view.BodyLines())
        {
            json.WriteStartObject();
            WriteLine(json, view, line, row);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        foreach (string name in new[] { "taxes", "promotions" })
        {
            if (view.Body is { } body)
            {
                json.WritePropertyName(name);
                body.GetProperty(name).WriteTo(json);
            }
        }

        WriteList(json, "payments", view.Payments, Write);
        WriteList(json, "credit_notes", view.Notes, (writer, note) => Write(writer, note, view.NoteLines));
        json.WriteEndObject();
    }

    /// <summary>One line with every step that made it.</summary>
    public static void WriteExplained(Utf8JsonWriter json, InvoiceView view, int number)
    {
        (JsonElement line, InvoiceLineRow row) = view.BodyLines().ElementAt(number - 1);
        json.WriteStartObject();
        json.WriteString("invoice", view.Invoice.Id);
        json.WriteString("number", view.Invoice.Number);
        json.WriteString("customer", view.Invoice.Customer);
        json.WriteString("subscription", view.Invoice.Subscription);
        json.WriteString("currency", view.Invoice.Currency.Code);
        json.WriteStartObject("line");
        WriteLine(json, view, line, row);
        json.WriteEndObject();
        json.WriteStartArray("explanation");
        foreach (JsonElement step in view.StepsOf(number))
        {
            step.WriteTo(json);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, PaymentRow payment)
    {
        json.WriteStartObject();
        json.WriteString("id", payment.Id);
        json.WriteString("reference", payment.Reference);
        json.WriteString("invoice", payment.Invoice);
        json.WriteString("method", payment.Method == Billing.Invoicing.PaymentMethod.Bank ? "bank" : "clearing");
        json.WriteString("currency", payment.Amount.Currency.Code);
        json.WriteString("amount", payment.Amount.ToString());
        json.WriteString("applied", payment.Applied.ToString());
        json.WriteString("excess", payment.Excess.ToString());
        json.WriteBoolean("recovered", payment.Recovered);
        Write(json, "received_at", payment.ReceivedAt);
        Write(json, "created_at", payment.CreatedAt);
        json.WriteEndObject();
    }

    /// <param name="lines">Of this note and maybe of others.</param>
    public static void Write(Utf8JsonWriter json, CreditNoteRow note, IEnumerable<CreditNoteLineRow> lines)
    {
        json.WriteStartObject();
        json.WriteString("id", note.Id);
        json.WriteString("number", note.Number);
        json.WriteString("invoice", note.Invoice);
        json.WriteString("state", note.IsVoid ? "void" : "issued");
        json.WriteString("reason", note.Reason);
        json.WriteString("currency", note.Total.Currency.Code);
        json.WriteString("amount", note.Amount.ToString());
        json.WriteString("promotional", note.Promotional.ToString());
        json.WriteString("tax", note.Tax.ToString());
        json.WriteString("total", note.Total.ToString());
        json.WriteString("reduced", note.Reduced.ToString());
        json.WriteString("to_grants", note.Restored.ToString());
        json.WriteString(note.Refunds ? "to_refund" : "to_credit", note.Rest.ToString());
        Write(json, "issued_at", note.IssuedAt);
        Write(json, "voided_at", note.VoidedAt);
        json.WriteString("void_reason", note.VoidReason);
        WriteList(json, "lines", lines.Where(line => line.Note == note.Id), Write);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, string name, DateTimeOffset? at) =>
        json.WriteString(name, at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture));

    private static void Write(Utf8JsonWriter json, CreditNoteLineRow line)
    {
        json.WriteStartObject();
        if (line.Line is { } number)
        {
            json.WriteNumber("line", number);
        }

        json.WriteString("key", line.Key);
        json.WriteString("amount", line.Amount.ToString());
        json.WriteString("promotional", line.Promotional.ToString());
        json.WriteString("tax", line.Tax.ToString());
        json.WriteString("total", line.Total.ToString());
        json.WriteEndObject();
    }

    private static void WriteFields(Utf8JsonWriter json, InvoiceRow invoice)
    {
        json.WriteString("id", invoice.Id);
        json.WriteString("number", invoice.Number);
        json.WriteString("state", invoice.State.Name());
        json.WriteString("customer", invoice.Customer);
        json.WriteString("subscription", invoice.Subscription);
        json.WriteString("kind", invoice.Kind);
        json.WriteNumber("attempt", invoice.Attempt);
        Write(json, "due_at", invoice.DueAt);
        Write(json, "issued_at", invoice.IssuedAt);
        Write(json, "payable_until", invoice.PayableUntil);
        json.WriteString("incomplete_reason", invoice.IncompleteReason);
        json.WriteString("currency", invoice.Currency.Code);
        json.WriteString("subtotal", invoice.Subtotal.ToString());
        json.WriteString("discount", invoice.Discount.ToString());
        json.WriteString("promotional", invoice.Promotional.ToString());
        json.WriteString("tax", invoice.Tax.ToString());
        json.WriteString("total", invoice.Total.ToString());
        json.WriteString("by_grants", invoice.ByGrants.ToString());
        json.WriteString("by_credit", invoice.ByCredit.ToString());
        json.WriteString("carried", invoice.Carried.ToString());
        json.WriteString("paid", invoice.Paid.ToString());
        json.WriteString("credited", invoice.Credited.ToString());
        json.WriteString("remaining", invoice.Remaining.ToString());
        Write(json, "closed_at", invoice.ClosedAt);
        json.WriteString("closing_reason", invoice.ClosingReason);
    }

    /// <summary>As the body has it, with its name, its tax and total, and where its events are.</summary>
    private static void WriteLine(Utf8JsonWriter json, InvoiceView view, JsonElement line, InvoiceLineRow row)
    {
        json.WriteString("id", row.Id);
        json.WriteNumber("n", row.Number);
        foreach (JsonProperty property in line.EnumerateObject().Where(property => property.Name is not ("tax" or "tax_code")))
        {
            property.WriteTo(json);
        }

        json.WriteString("tax_code", row.TaxCode);
        json.WriteString("tax_percent", row.TaxPercent);
        json.WriteBoolean("tax_inclusive", row.IsTaxInclusive);
        json.WriteString("tax", row.Tax.ToString());
        json.WriteString("total", row.Total.ToString());
        json.WriteString("accrued", row.Accrued.ToString());
        if (row.Kind == UsageLine)
        {
            json.WriteString("events", $"/v1/invoices/{view.Invoice.Id}/{EventsOf(row)}");
        }
    }

    private static void WriteList<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(name);
        foreach (T item in items)
        {
            write(json, item);
        }

        json.WriteEndArray();
    }
}
