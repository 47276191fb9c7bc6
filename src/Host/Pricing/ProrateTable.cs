using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Commands;
using Spectre.Console;

namespace Metering.Host.Pricing;

/// <summary>A result of the calculator <c>prorate</c> for people.</summary>
internal static class ProrateTable
{
    public static void Show(JsonElement result)
    {
        Table table = Terminal.NewTable("charge", "kind", "from", "to", "share", "exact amount", "amount", "");
        Array.ForEach([4, 5, 6], column => table.Columns[column].RightAligned());
        foreach (JsonElement line in result.GetProperty("lines").EnumerateArray())
        {
            JsonElement service = line.GetProperty("service");
            string[] cells =
            [
                JsonText.Member(line, "charge"), JsonText.Member(line, "kind"), service[0].GetString()!, service[1].GetString()!, JsonText.Member(line, "fraction"),
                JsonText.Member(line, "exact"), JsonText.Member(line, "amount"), line.GetProperty("capped").GetBoolean() ? "capped: no more was billed" : "",
            ];
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        Terminal.Out().Write(table);
        string unit = JsonText.Member(result, "elapsed_unit");
        string counted = unit == "none" ? "not prorated" : $"of {JsonText.Member(result, "full")} {unit}s";
        Console.WriteLine($"net {JsonText.Member(result, "net")}, {JsonText.Member(result, "direction")}, {counted}");
    }
}
