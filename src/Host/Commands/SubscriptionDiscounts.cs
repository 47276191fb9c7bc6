using System.CommandLine;
using System.Text.Json;
using Metering.Host.Client;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary>Discounts of the catalogue that one subscription has.</summary>
internal static class SubscriptionDiscounts
{
    public static Command Give()
    {
        Argument<string> id = SubscriptionOperating.Id();
        Argument<string> discount = new("DISCOUNT") { Description = "Its key in the catalogue" };
        Option<string?> from = new("--from") { Description = "A minute in UTC: the billing period that holds it is the first (default: now)", HelpName = "MINUTE" };
        return ClientCommand.Create("discount", """
            Give a subscription a discount of the catalogue, as it is there now. It counts from a billing period on, for as many periods as it says.

            Examples:
              metering subscriptions discount sub_01J… launch
              metering subscriptions discount sub_01J… launch --from 2026-05-01T00:00:00Z
            """, [id, discount, from], async (client, parsed, token) =>
        {
            string body = JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString("discount", parsed.GetValue(discount));
                json.WriteString("from", parsed.GetValue(from));
                json.WriteEndObject();
            });
            using JsonDocument given = await client.PostAsync(SubscriptionOperating.Operation(parsed.GetValue(id)!, "discounts").ToString(), body, token);
            Show(given.RootElement);
            return ExitCode.Success;
        });
    }

    public static Command List()
    {
        Argument<string> id = SubscriptionOperating.Id();
        return ClientCommand.Create("discounts", """
            List the discounts that a subscription was given, the first first.

            Examples:
              metering subscriptions discounts sub_01J…
            """, [id], async (client, parsed, token) =>
        {
            using JsonDocument given = await client.GetAsync(SubscriptionOperating.Operation(parsed.GetValue(id)!, "discounts").ToString(), token);
            Show(given.RootElement);
            return ExitCode.Success;
        });
    }

    private static void Show(JsonElement answer)
    {
        Table table = Terminal.NewTable("discount", "from", "percent", "amount", "periods", "components");
        foreach (JsonElement one in answer.GetProperty("items").EnumerateArray())
        {
            JsonElement terms = one.GetProperty("terms");
            string components = terms.TryGetProperty("components", out JsonElement named) && named.ValueKind == JsonValueKind.Array
                ? string.Join(", ", named.EnumerateArray().Select(component => component.GetString()))
                : "all";
            string[] cells = [.. JsonText.Members(one, "discount", "from"), .. JsonText.Members(terms, "percent", "amount", "periods"), components];
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        Terminal.Out().Write(table);
    }
}
