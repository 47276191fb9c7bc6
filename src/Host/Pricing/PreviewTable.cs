using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Commands;
using Spectre.Console;

namespace Metering.Host.Pricing;

/// <summary>An invoice that is not issued yet, for people.</summary>
internal static class PreviewTable
{
    public static void Show(JsonElement preview)
    {
        JsonElement invoice = preview.GetProperty("invoice");
        string currency = JsonText.Member(invoice, "currency");
        Console.WriteLine($"{JsonText.Member(preview, "customer")}, due {JsonText.Member(preview, "due_at")}, usage {(preview.GetProperty("complete").GetBoolean() ? "complete" : $"sealed up to {JsonText.Member(preview, "sealed_upto")}")}");
        Table table = Terminal.NewTable("line", "from", "to", "amount", "discount", "tax", "how");
        foreach (int column in new[] { 3, 4, 5 })
        {
            table.Columns[column].RightAligned();
        }

        foreach (JsonElement line in invoice.GetProperty("lines").EnumerateArray())
        {
            string name = JsonText.Member(line, "component") is { Length: > 0 } component ? component : JsonText.Member(line, "key");
            string[] cells =
            [
                name, JsonText.Member(line, "from"), JsonText.Member(line, "to"), JsonText.Member(line, "amount"), JsonText.Member(line, "discount"), JsonText.Member(line, "tax"),
                JsonText.Member(line, "note") is { Length: > 0 } note ? note : JsonText.Member(line, "arithmetic"),
            ];
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        Terminal.Out().Write(table);
        Console.WriteLine($"Total {JsonText.Member(invoice, "total")} {currency}");
    }
}
