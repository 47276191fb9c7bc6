using System.Text.Json;
using Metering.Billing.Postgres.Customers;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Tenancy;

namespace Metering.BillingCore.Invoices;

/// <summary>An invoice with all that people see of it.</summary>
/// <param name="Body">Lines, explanation and tax; null for a draft.</param>
internal sealed record InvoiceView(
    InvoiceRow Invoice, Customer Customer, JsonElement? Body, IReadOnlyList<InvoiceLineRow> Lines, IReadOnlyList<PaymentRow> Payments, IReadOnlyList<CreditNoteRow> Notes,
    IReadOnlyList<CreditNoteLineRow> NoteLines)
{
    public static async Task<InvoiceView?> FindAsync(TenantTransaction transaction, string id, CancellationToken cancellationToken)
    {
        if (await InvoiceStore.FindAsync(transaction, id, cancellationToken) is not { } invoice)
        {
            return null;
        }

        IReadOnlyList<CreditNoteRow> notes = await CreditNoteStore.OfInvoicesAsync(transaction, [id], cancellationToken);
        return new InvoiceView(
            invoice,
            (await CustomerStore.FindAsync(transaction, invoice.Customer, cancellationToken))!,
            (await InvoiceStore.StoredAsync(transaction, [id], null, 1, cancellationToken)) is [var stored] ? Parsed(stored.Body) : null,
            await InvoiceStore.LinesAsync(transaction, [id], cancellationToken),
            await Billing.Postgres.Invoices.Payments.OfInvoiceAsync(transaction, id, cancellationToken),
            notes,
            await CreditNoteStore.LinesAsync(transaction, [.. notes.Select(note => note.Id)], cancellationToken));
    }

    /// <summary>The lines as the body has them, with their numbers.</summary>
    public IEnumerable<(JsonElement Line, InvoiceLineRow Row)> BodyLines() =>
        Body is { } body ? body.GetProperty("lines").EnumerateArray().Zip(Lines) : [];

    /// <summary>The steps of a line. A charge with several lines keeps them with its first one: those that are about the line's cell are its own.</summary>
    public IReadOnlyList<JsonElement> StepsOf(int number)
    {
        JsonElement[] lines = [.. BodyLines().Select(pair => pair.Line)];
        JsonElement line = lines[number - 1];
        string cell = line.GetProperty("cell").GetRawText();
        for (int i = number - 1; i >= 0 && IsSameCharge(lines[i], line); i--)
        {
            if (lines[i].TryGetProperty("explanation", out JsonElement explanation))
            {
                JsonElement[] steps = [.. explanation.EnumerateArray()];
                return cell == "{}" && number - 1 == i ? steps : [.. steps.Where(step => CellOf(step) == cell)];
            }
        }

        return [];
    }

    private static string CellOf(JsonElement step) => step.TryGetProperty("cell", out JsonElement cell) ? cell.GetRawText() : "{}";

    private static bool IsSameCharge(JsonElement left, JsonElement right) =>
        left.GetProperty("component").GetString() == right.GetProperty("component").GetString() && left.GetProperty("from").GetString() == right.GetProperty("from").GetString()
        && left.GetProperty("to").GetString() == right.GetProperty("to").GetString();

    private static JsonElement Parsed(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}
