using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Commands;
using Metering.Host.Pricing;
using Spectre.Console;

namespace Metering.Host.Demo;

/// <summary>The sealed usage of today, priced under both versions of the prices.</summary>
internal sealed class DemoPricing(MeteringClient client, IAnsiConsole console)
{
    /// <param name="from">The first minute with usage.</param>
    /// <param name="upto">Minutes before this one are sealed.</param>
    public async Task ShowAsync(DateTimeOffset from, DateTimeOffset upto, CancellationToken cancellationToken)
    {
        using JsonDocument answer = await client.PostAsync(SimulationPages.Path, Request(from, upto), cancellationToken);
        Show(answer.RootElement, from, upto);
    }

    private static string Request(DateTimeOffset from, DateTimeOffset upto) => JsonText.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("price_book", DemoPrices.Book);
        json.WriteNumber("version", 2);
        json.WriteString("plan", DemoPrices.Plan);
        json.WriteStartArray("period");
        json.WriteStringValue(from.UtcDateTime);
        json.WriteStringValue(upto.UtcDateTime);
        json.WriteEndArray();
        json.WriteBoolean("explain", true);
        json.WriteEndObject();
    });

    private void Show(JsonElement answer, DateTimeOffset from, DateTimeOffset upto)
    {
        console.WriteLine();
        console.MarkupLine(string.Create(
            CultureInfo.InvariantCulture,
            $"[bold]Priced: the minutes from {from:HH:mm} to {upto:HH:mm}, corrections included, as of seal {answer.GetProperty("seal").GetProperty("number").GetInt64()}; then with version 2 of the prices[/]"));
        Table table = Terminal.NewTable("customer", "model", "version 1, in thousands of tokens or as sent", "USD", "version 2", "USD", "difference");
        Array.ForEach([3, 5, 6], column => table.Columns[column].RightAligned());
        foreach (JsonElement item in answer.GetProperty("items").EnumerateArray())
        {
            AddCustomer(table, item);
        }

        AddSums(table, "all", answer.GetProperty("totals"));
        console.Write(table);
    }

    private static void AddCustomer(Table table, JsonElement item)
    {
        string customer = JsonText.Member(item, "customer");
        foreach (JsonElement component in item.GetProperty("components").EnumerateArray())
        {
            (JsonElement old, JsonElement @new) = (component.GetProperty("old"), component.GetProperty("new"));
            string[] cells =
            [
                customer, JsonText.Member(component, "component"), StepText.Of(old.GetProperty("explanation")), JsonText.Member(old, "amount"),
                StepText.Of(@new.GetProperty("explanation")), JsonText.Member(@new, "amount"), JsonText.Member(component, "difference"),
            ];
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        AddSums(table, customer, item);
    }

    private static void AddSums(Table table, string name, JsonElement sums) =>
        table.AddRow(Markup.Escape(name), "all", "", JsonText.Member(sums, "old"), "", JsonText.Member(sums, "new"), JsonText.Member(sums, "difference"));
}
