using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Commands;
using Spectre.Console;

namespace Metering.Host.Pricing;

/// <summary>A result of the calculator <c>periods</c> for people.</summary>
internal static class PeriodsTable
{
    public static void Show(JsonElement result)
    {
        Table table = Terminal.NewTable("k", "from", "to", "local from", "local to", "service from", "service to", "days", "share");
        Array.ForEach([0, 7, 8], column => table.Columns[column].RightAligned());
        foreach (JsonElement row in result.GetProperty("periods").EnumerateArray())
        {
            JsonElement days = row.GetProperty("days");
            string[] cells =
            [
                JsonText.Member(row, "k"), .. Range(row, "full"), .. Range(row, "local"), .. Range(row, "service"),
                $"{JsonText.Member(days, "service")} of {JsonText.Member(days, "full")}", JsonText.Member(row, "fraction"),
            ];
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        Terminal.Out().Write(table);
    }

    private static string[] Range(JsonElement row, string name) => [row.GetProperty(name)[0].GetString()!, row.GetProperty(name)[1].GetString()!];
}
