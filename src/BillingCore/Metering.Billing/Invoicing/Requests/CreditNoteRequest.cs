using System.Text.Json;
using Metering.Billing.Calculator;

namespace Metering.Billing.Invoicing.Requests;

/// <param name="Line">Number of the invoice line.</param>
/// <param name="Amount">Null for all that is left of it.</param>
public readonly record struct CreditedAmount(int Line, Money? Amount);

/// <summary>The body of <c>POST /v1/invoices/{id}/credit-notes</c>.</summary>
/// <param name="Reference">The caller's own name for the note; null: each request is another note.</param>
/// <param name="Lines">Null for all that is left of the invoice.</param>
/// <param name="Refunds">Whether what reduces nothing is sent back, and not kept as customer credit.</param>
public sealed record CreditNoteRequest(string? Reference, string Reason, IReadOnlyList<CreditedAmount>? Lines, bool Refunds)
{
    private const int MaxLine = 1_000_000;

    /// <returns>Of use only when there are no problems.</returns>
    public static CreditNoteRequest Read(JsonElement body, Currency currency, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        List<JsonFields>? lines = fields.Objects("lines");
        CreditNoteRequest request = new(
            fields.Reference("reference"), fields.RequiredReason("reason"), lines?.ConvertAll(line => ReadLine(line, currency)), fields.Flag("refund") ?? false);
        if (lines is { Count: 0 })
        {
            fields.Refuse("lines", "has none; leave it out to credit the whole invoice");
        }
        else if (request.Lines is { } all && all.DistinctBy(line => line.Line).Count() != all.Count)
        {
            fields.Refuse("lines", "names a line twice");
        }

        fields.Close();
        return request;
    }

    private static CreditedAmount ReadLine(JsonFields fields, Currency currency)
    {
        if (!fields.Has("line"))
        {
            fields.Refuse("line", "is required");
        }

        CreditedAmount line = new(fields.Integer("line", 1, MaxLine) ?? 1, fields.Amount("amount", currency));
        fields.Close();
        return line;
    }
}
