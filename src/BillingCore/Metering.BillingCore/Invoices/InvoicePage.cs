using System.Globalization;
using System.Text;
using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Zones;

namespace Metering.BillingCore.Invoices;

/// <summary>An invoice to print: one page that needs nothing else. Dates are those of the customer's zone; a range ends on its last day.</summary>
internal sealed class InvoicePage
{
    private const string Style = """
        :root{--ink:#1c2430;--soft:#667085;--line:#dfe3e8;--tint:#f6f7f9}
        *{box-sizing:border-box}
        body{font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;color:var(--ink);max-width:60rem;margin:2.5rem auto;padding:0 1.5rem;font-variant-numeric:tabular-nums}
        header{display:flex;justify-content:space-between;gap:2rem;align-items:flex-start;border-bottom:2px solid var(--ink);padding-bottom:1rem}
        h1{font-size:1.75rem;line-height:1.2;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}
        dl{display:grid;grid-template-columns:auto auto;gap:.1rem 1rem;margin:0}dt{color:var(--soft)}dd{margin:0;text-align:right}
        table{border-collapse:collapse;width:100%}th{font-weight:600;font-size:.85rem;color:var(--soft)}
        th,td{padding:.4rem .5rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
        .number{text-align:right;white-space:nowrap}.state{display:inline-block;border:1px solid currentColor;border-radius:1rem;padding:0 .7rem;font-size:.85rem;text-transform:uppercase;letter-spacing:.05em}
        .what{font-weight:600}.soft{color:var(--soft);font-size:.88rem}
        details{margin:.25rem 0 0}summary{cursor:pointer;color:var(--soft);font-size:.88rem}
        .steps{font-size:.85rem;background:var(--tint);margin-top:.35rem}.steps td,.steps th{padding:.2rem .5rem}
        .sums{width:auto;min-width:22rem;margin:1rem 0 0 auto}.sums td{border:0;padding:.15rem .5rem}.sums .total td{border-top:2px solid var(--ink);font-weight:700;font-size:1.1rem}
        .note{background:var(--tint);border-left:3px solid var(--ink);padding:.5rem .9rem;margin:1rem 0}a{color:inherit}
        @media print{@page{margin:18mm}body{margin:0;padding:0;max-width:none;font-size:10.5pt}details:not([open])>*:not(summary){display:block}summary{list-style:none}tr,details{break-inside:avoid}thead{display:table-header-group}a{text-decoration:none}}
        """;

    private readonly HtmlText _html = new();
    private readonly InvoiceView _view;
    private readonly InvoiceRow _invoice;
    private readonly ZoneRules _zone;

    private readonly bool _isServed;

    private InvoicePage(InvoiceView view, bool isServed)
    {
        _view = view;
        _isServed = isServed;
        _invoice = view.Invoice;
        _zone = TzdbZones.Instance.Find(view.Customer.Zone) ?? TzdbZones.Instance.Find("UTC")!;
    }

    /// <param name="isServed">Whether it is looked at where it is served: then usage lines link to their events. A file would link to nothing.</param>
    public static byte[] Bytes(InvoiceView view, bool isServed) => Encoding.UTF8.GetBytes(new InvoicePage(view, isServed).Write());

    private string Write()
    {
        _html.Raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        _html.Element("title", Title).Raw("<style>").Raw(Style).Raw("</style>\n</head>\n<body>\n");
        WriteHeader();
        WriteNotes();
        WriteLines();
        WriteSums();
        WriteTaxes();
        WritePayments();
        WriteCreditNotes();
        return _html.Raw("</body>\n</html>\n").ToString();
    }

    private string Title => _invoice.Number is { } number ? $"Invoice {number}" : "Draft invoice";

    private void WriteHeader() => _html.Element("header", null, () =>
    {
        _html.Element("div", null, () => _html
            .Element("h1", Title)
            .Element("p", null, () => _html.Element("span", _invoice.State.Name(), "state"))
            .Element("p", _view.Customer.Name, "what")
            .Element("p", _view.Customer.Key, "soft"));
        _html.Element("dl", null, () =>
        {
            Fact("Issued", Date(_invoice.IssuedAt));
            Fact("Payable until", Date(_invoice.PayableUntil));
            Fact("Subscription", _invoice.Subscription);
            Fact("Invoice id", _invoice.Id);
            Fact("Currency", _invoice.Currency.Code);
        });
    });

    private void Fact(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            _html.Element("dt", name).Element("dd", value);
        }
    }

    private void WriteNotes()
    {
        if (_invoice.IncompleteReason is { } reason)
        {
            _html.Element("p", $"Issued before all usage was counted: {reason}. What comes later is corrected.", "note");
        }

        if (_view.Body is { } body && StepWords.Member(body, "tax_status") == "reverse_charge")
        {
            _html.Element("p", "Reverse charge: the customer owes the tax to its own authority.", "note");
        }

        if (_invoice.State is InvoiceState.Void or InvoiceState.Uncollectible)
        {
            _html.Element("p", $"{(_invoice.State == InvoiceState.Void ? "Void" : "Written off")} on {Date(_invoice.ClosedAt)}: {_invoice.ClosingReason}", "note");
        }
    }

    /// <summary>By period: an invoice may bill the arrears of one and the advance of the next.</summary>
    private void WriteLines()
    {
        foreach (IGrouping<TimeRange, (JsonElement Line, InvoiceLineRow Row)> period in _view.BodyLines().GroupBy(pair => pair.Row.Period))
        {
            _html.Element("h2", period.Key.IsEmpty ? "Charges" : $"Period {Days(period.Key)}").Element("table", null, () =>
            {
                _html.Head(1, "", "Amount", "Discount", "Net", "Tax").Raw("<tbody>\n");
                foreach ((JsonElement line, InvoiceLineRow row) in period)
                {
                    WriteLine(line, row);
                }

                _html.Raw("</tbody>\n");
            });
        }
    }

    private void WriteLine(JsonElement line, InvoiceLineRow row) => _html.Element("tr", null, () =>
    {
        _html.Element("td", null, () =>
        {
            _html.Element("div", row.Component.Length > 0 ? row.Component : row.Key, "what").Element("div", Subtitle(line, row), "soft");
            WriteSteps(row.Number);
            if (_isServed && row.Kind == InvoiceBodies.UsageLine)
            {
                _html.Element("div", "soft", () => _html.Link(InvoiceBodies.EventsOf(row), "The events it counted"));
            }
        });
        Money reduced = row.Discount + row.Promotional;
        _html.Element("td", row.Amount.ToString(), "number").Element("td", reduced.IsZero ? "" : (-reduced).ToString(), "number")
            .Element("td", (row.Amount - reduced).ToString(), "number").Element("td", row.TaxCode is null ? "" : $"{row.Tax} ({row.TaxPercent} %{(row.IsTaxInclusive ? ", included" : "")})", "number");
    });

    private string Subtitle(JsonElement line, InvoiceLineRow row) => string.Join(" · ", new[]
    {
        Days(row.Service), StepWords.Member(line, "priced_by"), StepWords.Member(line, "note"), StepWords.Member(line, "arithmetic"),
        row.Corrects is { } corrected ? $"corrects {corrected}" : "",
    }.Where(text => text.Length > 0));

    private void WriteSteps(int number)
    {
        IReadOnlyList<JsonElement> steps = _view.StepsOf(number);
        if (steps.Count == 0)
        {
            return;
        }

        _html.Element("details", null, () => _html.Element("summary", "How it was computed").Element("table", "steps", () =>
        {
            _html.Head(1, "Step", "Quantity", "Price", "Result").Raw("<tbody>\n");
            foreach (JsonElement step in steps)
            {
                StepWords words = StepWords.Of(step);
                _html.Row(1, null, words.Name, words.Quantity, words.Price, words.Exact);
            }

            _html.Raw("</tbody>\n");
        }));
    }

    private void WriteSums() => _html.Element("table", "sums", () =>
    {
        Sum("Subtotal", _invoice.Subtotal);
        SumUnlessZero("Discounts", -_invoice.Discount);
        SumUnlessZero("Promotional credit", -_invoice.Promotional);
        SumUnlessZero("Tax", _invoice.Tax);
        _html.Row(1, "total", "Total", $"{_invoice.Total} {_invoice.Currency}");
        SumUnlessZero("Prepaid credit", -_invoice.ByGrants);
        SumUnlessZero("Customer credit", -_invoice.ByCredit);
        SumUnlessZero("Carried to customer credit", _invoice.Carried);
        SumUnlessZero("Credit notes", -_invoice.Credited);
        SumUnlessZero("Paid", -_invoice.Paid);
        _html.Row(1, "total", "To be paid", $"{_invoice.Remaining} {_invoice.Currency}");
    });

    private void Sum(string name, Money amount) => _html.Row(1, null, name, amount.ToString());

    private void SumUnlessZero(string name, Money amount)
    {
        if (!amount.IsZero)
        {
            Sum(name, amount);
        }
    }

    private void WriteTaxes()
    {
        JsonElement[] taxes = _view.Body is { } body ? [.. body.GetProperty("taxes").EnumerateArray()] : [];
        Table("Tax", taxes.Length, 1, ["Rate", "Percent", "On", "Tax"], () =>
        {
            foreach (JsonElement tax in taxes)
            {
                string inclusive = tax.GetProperty("inclusive").GetBoolean() ? " (included)" : "";
                _html.Row(1, null, $"{StepWords.Member(tax, "code")}{inclusive}", $"{StepWords.Member(tax, "percent")} %", StepWords.Member(tax, "base"), StepWords.Member(tax, "tax"));
            }
        });
    }

    private void WritePayments() => Table("Payments", _view.Payments.Count, 2, ["Received", "Reference", "Amount", "Paid", "To credit"], () =>
    {
        foreach (PaymentRow payment in _view.Payments)
        {
            _html.Row(2, null, Date(payment.ReceivedAt), payment.Reference, payment.Amount.ToString(), payment.Applied.ToString(), payment.Excess.IsZero ? "" : payment.Excess.ToString());
        }
    });

    private void WriteCreditNotes() => Table("Credit notes", _view.Notes.Count, 3, ["Number", "Issued", "Reason", "Total", "Off what was open"], () =>
    {
        foreach (CreditNoteRow note in _view.Notes)
        {
            _html.Row(3, null, note.Number, Date(note.IssuedAt), note.IsVoid ? $"{note.Reason} (void: {note.VoidReason})" : note.Reason, note.Total.ToString(), note.Reduced.ToString());
        }
    });

    private void Table(string title, int rows, int texts, string[] head, Action write)
    {
        if (rows > 0)
        {
            _html.Element("h2", title).Element("table", null, () =>
            {
                _html.Head(texts, head).Raw("<tbody>\n");
                write();
                _html.Raw("</tbody>\n");
            });
        }
    }

    private string Days(TimeRange range) => range.IsEmpty ? Date(range.Start) : $"{Date(range.Start)} – {Date(range.End.AddTicks(-1))}";

    private string Date(DateTimeOffset? at) => at is { } instant ? _zone.DateOf(instant).ToString("d MMMM yyyy", CultureInfo.InvariantCulture) : "";
}
