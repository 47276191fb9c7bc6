using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Commands;
using Metering.Host.Pricing;
using Spectre.Console;

namespace Metering.Host.Invoices;

/// <summary>Invoices for people.</summary>
internal static class InvoiceTables
{
    public static Table List(IEnumerable<JsonElement> invoices)
    {
        Table table = Terminal.NewTable("invoice", "number", "state", "customer", "due", "currency", "total", "remaining");
        table.Columns[6].RightAligned();
        table.Columns[7].RightAligned();
        foreach (JsonElement invoice in invoices)
        {
            AddRow(table, invoice, "id", "number", "state", "customer", "due_at", "currency", "total", "remaining");
        }

        return table;
    }

    public static void Show(JsonElement invoice)
    {
        string Field(string name) => JsonText.Member(invoice, name);
        IAnsiConsole console = Terminal.Out();
        Console.WriteLine($"{(Field("number").Length > 0 ? Field("number") : "Draft")} ({Field("id")}), {Field("state")}");
        Console.WriteLine($"Customer {Field("customer")}{(Field("subscription").Length > 0 ? $", subscription {Field("subscription")}" : "")}, {Field("kind")}, due {Field("due_at")}");
        if (Field("closing_reason").Length > 0)
        {
            Console.WriteLine($"{Field("closed_at")}: {Field("closing_reason")}");
        }

        console.Write(Lines(invoice.GetProperty("lines")));
        console.Write(Sums(invoice));
        Section(console, invoice, "payments", "received_at", "reference", "method", "amount", "applied", "excess");
        Section(console, invoice, "credit_notes", "id", "number", "state", "reason", "total", "reduced");
    }

    /// <summary>A line with every step: what it costs, and how that comes about.</summary>
    public static void Explain(JsonElement answer)
    {
        JsonElement line = answer.GetProperty("line");
        string Field(string name) => JsonText.Member(line, name);
        Console.WriteLine($"{Field("id")}: {Field("key")}{Cell(line)} of invoice {JsonText.Member(answer, "number")}, customer {JsonText.Member(answer, "customer")}");
        Console.WriteLine($"Service {Field("from")} to {Field("to")}{(Field("priced_by").Length > 0 ? $", priced by {Field("priced_by")}" : "")}");
        foreach (string name in new[] { "arithmetic", "note", "corrects" })
        {
            if (Field(name).Length > 0)
            {
                Console.WriteLine($"{name}: {Field(name)}");
            }
        }

        if (answer.GetProperty("explanation").GetArrayLength() > 0)
        {
            Terminal.Out().Write(ExplanationTable.Of(answer.GetProperty("explanation")));
        }

        Terminal.Out().Write(LineSums(line));
        Console.WriteLine($"{Field("total")} {JsonText.Member(answer, "currency")}{(Field("events").Length > 0 ? $"; its events: {Field("events")}" : "")}");
    }

    private static Table Lines(JsonElement lines)
    {
        Table table = Terminal.NewTable("line", "key", "cell", "period from", "service from", "to", "amount", "discount", "promotional", "tax", "total");
        for (int column = 6; column < table.Columns.Count; column++)
        {
            table.Columns[column].RightAligned();
        }

        foreach (JsonElement line in lines.EnumerateArray())
        {
            string Field(string name) => JsonText.Member(line, name);
            string[] cells =
            [
                Field("n"), Field("key"), CellText.Of(line.GetProperty("cell")), line.GetProperty("period")[0].GetString()!, Field("from"), Field("to"), Field("amount"), Field("discount"),
                Field("promotional"), Field("tax"), Field("total"),
            ];
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        return table;
    }

    private static Table Sums(JsonElement invoice) => Amounts(
        invoice, "subtotal", "discount", "promotional", "tax", "total", "by_grants", "by_credit", "carried", "paid", "credited", "remaining");

    private static Table LineSums(JsonElement line) => Amounts(line, "amount", "discount", "promotional", "net", "tax", "total");

    private static Table Amounts(JsonElement json, params string[] names)
    {
        Table table = Terminal.NewTable("", "amount").HideHeaders();
        table.Columns[1].RightAligned();
        foreach (string name in names)
        {
            table.AddRow(Markup.Escape(name.Replace('_', ' ')), Markup.Escape(JsonText.Member(json, name)));
        }

        return table;
    }

    private static void Section(IAnsiConsole console, JsonElement invoice, string list, params string[] columns)
    {
        if (invoice.GetProperty(list).GetArrayLength() == 0)
        {
            return;
        }

        Table table = Terminal.NewTable([.. columns.Select(column => column.Replace('_', ' '))]);
        foreach (JsonElement item in invoice.GetProperty(list).EnumerateArray())
        {
            AddRow(table, item, columns);
        }

        Console.WriteLine(list.Replace('_', ' '));
        console.Write(table);
    }

    private static void AddRow(Table table, JsonElement item, params string[] columns) => table.AddRow([.. columns.Select(column => Markup.Escape(JsonText.Member(item, column)))]);

    private static string Cell(JsonElement line) => CellText.Of(line.GetProperty("cell")) is { Length: > 0 } cell ? $" ({cell})" : "";
}
