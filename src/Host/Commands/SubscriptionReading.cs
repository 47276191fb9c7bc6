using System.CommandLine;
using System.Text.Json;
using Metering.Host.Client;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary>Subscriptions as tables.</summary>
internal static class SubscriptionReading
{
    public static Command List()
    {
        Option<string?> customer = new("--customer") { Description = "Only this customer's", HelpName = "KEY" };
        Option<string?> state = new("--state") { Description = "Only in this state: draft, scheduled, incomplete, trialing, active, past_due, unpaid, paused, canceled, expired", HelpName = "STATE" };
        Option<string?> plan = new("--plan") { Description = "Only of this plan", HelpName = "KEY" };
        Option<string?> book = new("--price-book") { Description = "Only of this price book", HelpName = "KEY" };
        Option<int?> version = new("--version") { Description = "Only of this version of the book", HelpName = "N" };
        Option<string?> reference = new("--reference") { Description = "Only the one with this reference", HelpName = "TEXT" };
        Option<bool> asJson = new("--json") { Description = "The server's subscriptions as they are, one on a line" };
        return ClientCommand.Create("list", """
            List subscriptions, in the order they were made.

            Examples:
              metering subscriptions list
              metering subscriptions list --customer acme
              metering subscriptions list --price-book standard --version 1 --state active
            """, [customer, state, plan, book, version, reference, asJson], async (client, parsed, token) =>
        {
            Url list = new Url("v1", "subscriptions").With("customer", parsed.GetValue(customer)).With("state", parsed.GetValue(state)).With("plan", parsed.GetValue(plan))
                .With("price_book", parsed.GetValue(book)).With("version", parsed.GetValue(version)?.ToString(System.Globalization.CultureInfo.InvariantCulture)).With("reference", parsed.GetValue(reference));
            Table table = Terminal.NewTable("subscription", "customer", "state", "plan", "version", "phase", "since", "to come");
            await foreach (JsonElement one in Pages.ReadAsync(client, list, token))
            {
                if (parsed.GetValue(asJson))
                {
                    Console.WriteLine(one.GetRawText());
                }
                else
                {
                    table.AddRow([.. Cells(one).Select(Markup.Escape)]);
                }
            }

            if (!parsed.GetValue(asJson))
            {
                Terminal.Out().Write(table);
            }

            return ExitCode.Success;
        });
    }

    public static Command Show()
    {
        Argument<string> id = SubscriptionOperating.Id();
        Option<bool> asJson = new("--json") { Description = "Subscription and history as the server has them" };
        return ClientCommand.Create("show", """
            Show a subscription and everything that ever happened to it.

            Examples:
              metering subscriptions show sub_01J…
              metering subscriptions show sub_01J… --json
            """, [id, asJson], async (client, parsed, token) =>
        {
            using JsonDocument now = await client.GetAsync(new Url("v1", "subscriptions", parsed.GetValue(id)!).ToString(), token);
            using JsonDocument history = await client.GetAsync(new Url("v1", "subscriptions", parsed.GetValue(id)!, "history").ToString(), token);
            Console.WriteLine(JsonText.Indented(now.RootElement));
            if (parsed.GetValue(asJson))
            {
                Console.WriteLine(JsonText.Indented(history.RootElement));
                return ExitCode.Success;
            }

            Table table = Terminal.NewTable("n", "holds from", "recorded", "what");
            foreach (JsonElement fact in history.RootElement.GetProperty("facts").EnumerateArray())
            {
                string[] cells = [JsonText.Member(fact, "sequence"), JsonText.Member(fact, "effective_at"), JsonText.Member(fact, "recorded_at"), What(fact)];
                table.AddRow([.. cells.Select(Markup.Escape)]);
            }

            Terminal.Out().Write(table);
            return ExitCode.Success;
        });
    }

    private static string[] Cells(JsonElement one)
    {
        JsonElement terms = one.GetProperty("terms");
        return [.. JsonText.Members(one, "id", "customer", "state"), .. JsonText.Members(terms, "plan", "version", "phase"), JsonText.Member(one, "start"), ToCome(one)];
    }

    private static string ToCome(JsonElement one)
    {
        string change = one.TryGetProperty("pending_change", out JsonElement pending) ? $"changes {JsonText.Member(pending, "at")}" : "";
        string cancel = JsonText.Member(one, "cancel_at") is { Length: > 0 } at ? $"canceled {at}" : "";
        string trial = JsonText.Member(one, "state") == "trialing" ? $"trial ends {JsonText.Member(one, "trial_end")}" : "";
        return string.Join(", ", new[] { trial, change, cancel }.Where(text => text.Length > 0));
    }

    private static string What(JsonElement fact)
    {
        string terms = fact.TryGetProperty("terms", out JsonElement changed) ? $" {JsonText.Member(changed, "plan")} {JsonText.Member(changed, "version")} {JsonText.Member(changed, "phase")}" : "";
        string rest = string.Concat(JsonText.Members(fact, "to", "at", "until", "end", "by").Where(text => text.Length > 0).Select(text => $" {text}"));
        return $"{JsonText.Member(fact, "fact").Replace('_', ' ')}{terms}{rest}";
    }
}
