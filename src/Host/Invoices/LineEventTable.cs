using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Commands;
using Spectre.Console;

namespace Metering.Host.Invoices;

/// <summary>The events that a line counted, for people; on standard error, what they come to.</summary>
internal static class LineEventTable
{
    /// <param name="asJson">One event on a line, as the server gives it.</param>
    public static async Task ShowAsync(IAsyncEnumerable<JsonElement> pages, bool asJson)
    {
        Table table = Terminal.NewTable("time", "id", "source", "subject", "value", "dimensions");
        string sums = "";
        await foreach (JsonElement page in pages)
        {
            sums = sums.Length == 0 ? Sums(page) : sums;
            foreach (JsonElement one in page.GetProperty("items").EnumerateArray())
            {
                if (asJson)
                {
                    Console.WriteLine(one.GetRawText());
                    continue;
                }

                string dimensions = string.Join(", ", one.GetProperty("dimensions").EnumerateObject().Select(dimension => $"{dimension.Name}={dimension.Value.GetString()}"));
                table.AddRow([.. JsonText.Members(one, "time", "id", "source", "subject", "value").Append(dimensions).Select(Markup.Escape)]);
            }
        }

        if (!asJson)
        {
            Terminal.Out().Write(table);
        }

        await Console.Error.WriteLineAsync(sums);
    }

    private static string Sums(JsonElement page)
    {
        string[] counted = JsonText.Members(page.GetProperty("counted"), "events", "quantity");
        string note = JsonText.Member(page, "note");
        return $"{counted[0]} events of meter {JsonText.Member(page, "meter")} as of seal {JsonText.Member(page, "seal")} come to {counted[1]}; the line has {JsonText.Member(page, "quantity")}: "
            + $"{(page.GetProperty("agrees").GetBoolean() ? "they agree" : "THEY DIFFER")}.{(note.Length > 0 ? $" {note}" : "")}";
    }
}
