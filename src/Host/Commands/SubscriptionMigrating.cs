using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary>Another version for many subscriptions.</summary>
internal static class SubscriptionMigrating
{
    private const int PageSize = 200;

    public static Command Migrate()
    {
        Argument<string> book = new("PRICE-BOOK") { Description = "Its key" };
        Option<int> to = new("--to") { Description = "The version they are to have", HelpName = "N", Required = true };
        Option<int?> from = new("--from") { Description = "Only those that have this version", HelpName = "N" };
        Option<string?> plan = new("--plan") { Description = "Only those of this plan", HelpName = "KEY" };
        Option<string[]> only = new("--subscription") { Description = "Only these", HelpName = "ID", AllowMultipleArgumentsPerToken = true };
        Option<string?> at = SubscriptionOperating.At("now (default), or period_end: each at the end of its own period");
        Option<bool> dryRun = new("--dry-run") { Description = "List who, and do nothing" };
        return ClientCommand.Create("migrate", """
            Give subscriptions another version of their price book. Each is a change like any other; one that cannot be changed says why and holds nobody up.

            Exit code: 0 all were migrated, 1 some were refused.

            Examples:
              metering subscriptions migrate standard --to 3 --dry-run
              metering subscriptions migrate standard --to 3 --from 2 --plan pro --at period_end
              metering subscriptions migrate standard --to 3 --subscription sub_01J…
            """, [book, to, from, plan, only, at, dryRun], async (client, parsed, token) =>
        {
            Table table = Terminal.NewTable("subscription", "customer", "plan", "version", "from then on", "refused");
            (int migrated, int refused, string? cursor) = (0, 0, null);
            do
            {
                string body = Body(parsed.GetValue(book)!, parsed.GetValue(to), parsed.GetValue(from), parsed.GetValue(plan), parsed.GetValue(only) ?? [], parsed.GetValue(at), parsed.GetValue(dryRun), cursor);
                using JsonDocument page = await client.PostAsync("v1/subscriptions/migrate", body, token);
                foreach (JsonElement one in page.RootElement.GetProperty("items").EnumerateArray())
                {
                    table.AddRow([.. JsonText.Members(one, "subscription", "customer", "plan", "from_version", "effective_at", "refused").Select(Markup.Escape)]);
                }

                migrated += page.RootElement.GetProperty("migrated").GetInt32();
                refused += page.RootElement.GetProperty("refused").GetInt32();
                cursor = page.RootElement.GetProperty("next_cursor").GetString();
                await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{migrated} {(parsed.GetValue(dryRun) ? "would be migrated" : "migrated")}, {refused} refused{(cursor is null ? "." : " …")}"));
            }
            while (cursor is not null);

            Terminal.Out().Write(table);
            return refused == 0 ? ExitCode.Success : ExitCode.Failed;
        });
    }

    private static string Body(string book, int to, int? from, string? plan, string[] only, string? at, bool isDryRun, string? cursor) => JsonText.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("price_book", book);
        json.WriteNumber("version", to);
        if (from is { } version)
        {
            json.WriteNumber("from_version", version);
        }

        json.WriteString("plan", plan);
        if (only.Length > 0)
        {
            json.WriteStartArray("subscriptions");
            foreach (string id in only)
            {
                json.WriteStringValue(id);
            }

            json.WriteEndArray();
        }

        json.WriteString("at", at);
        json.WriteBoolean("dry_run", isDryRun);
        json.WriteNumber("limit", PageSize);
        json.WriteString("cursor", cursor);
        json.WriteEndObject();
    });
}
