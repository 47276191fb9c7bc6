using System.CommandLine;
using System.Text.Json;
using Metering.Host.Client;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary><c>metering customers</c>: who is billed, and for whose usage.</summary>
internal static class CustomersCommand
{
    public static Command Create() => new("customers", """
        List, put, show and archive customers, and say which subjects' usage is theirs.

        Examples:
          metering customers put acme --name "Acme Ltd" --zone Europe/Berlin
          metering customers map acme user-17
          metering customers list
        """)
    {
        CreateList(),
        CreatePut(),
        CreateShow(),
        CreateMap(),
        CreateUnmap(),
        CreateArchive(),
    };

    private static Command CreateList()
    {
        Option<bool> asJson = new("--json") { Description = "The server's customers as they are, one on a line" };
        return ClientCommand.Create("list", """
            List all customers that are not archived.

            Examples:
              metering customers list
              metering customers list --json
            """, [asJson], async (client, parsed, token) =>
        {
            Table table = Terminal.NewTable("customer", "name", "zone", "currency", "terms");
            await foreach (JsonElement customer in Pages.ReadAsync(client, new Url("v1", "customers"), token))
            {
                if (parsed.GetValue(asJson))
                {
                    Console.WriteLine(customer.GetRawText());
                    continue;
                }

                string[] cells = [.. JsonText.Members(customer, "key", "name", "zone", "currency"), $"{JsonText.Member(customer, "payment_term_days")} days"];
                table.AddRow([.. cells.Select(Markup.Escape)]);
            }

            if (!parsed.GetValue(asJson))
            {
                Terminal.Out().Write(table);
            }

            return ExitCode.Success;
        });
    }

    private static Command CreatePut()
    {
        Argument<string> key = Key();
        Option<string?> name = new("--name") { Description = "For people (default: the key)", HelpName = "TEXT" };
        Option<string?> zone = new("--zone") { Description = "The zone its periods follow (default: UTC)", HelpName = "IANA" };
        Option<string?> currency = new("--currency") { Description = "The only one it pays in", HelpName = "CODE" };
        Option<int?> terms = new("--payment-term-days") { Description = "From an invoice to its due date (default: 30)", HelpName = "DAYS" };
        Option<string?> tax = new("--tax-status") { Description = "taxable, exempt or reverse_charge (default: taxable)", HelpName = "STATUS" };
        return ClientCommand.Create("put", """
            Make a customer, or change it: what is not given has its default.

            Examples:
              metering customers put acme
              metering customers put acme --name "Acme Ltd" --zone Europe/Berlin --currency EUR --payment-term-days 14
            """, [key, name, zone, currency, terms, tax], async (client, parsed, token) =>
        {
            string body = JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString("name", parsed.GetValue(name));
                json.WriteString("zone", parsed.GetValue(zone));
                json.WriteString("currency", parsed.GetValue(currency));
                json.WriteString("tax_status", parsed.GetValue(tax));
                if (parsed.GetValue(terms) is { } days)
                {
                    json.WriteNumber("payment_term_days", days);
                }

                json.WriteEndObject();
            });
            using JsonDocument customer = await client.PutAsync(One(parsed.GetValue(key)!).ToString(), body, token);
            Console.WriteLine(JsonText.Indented(customer.RootElement));
            return ExitCode.Success;
        });
    }

    private static Command CreateShow()
    {
        Argument<string> key = Key();
        return ClientCommand.Create("show", """
            Show a customer and its subjects.

            Examples:
              metering customers show acme
            """, [key], async (client, parsed, token) =>
        {
            using JsonDocument customer = await client.GetAsync(One(parsed.GetValue(key)!).ToString(), token);
            using JsonDocument subjects = await client.GetAsync(One(parsed.GetValue(key)!, "subjects").ToString(), token);
            Console.WriteLine(JsonText.Indented(customer.RootElement));
            Table table = Terminal.NewTable("subject", "from", "until", "change");
            foreach (JsonElement one in subjects.RootElement.GetProperty("items").EnumerateArray())
            {
                table.AddRow([.. JsonText.Members(one, "subject", "from", "until", "sequence").Select(Markup.Escape)]);
            }

            Terminal.Out().Write(table);
            return ExitCode.Success;
        });
    }

    private static Command CreateMap()
    {
        Argument<string> key = Key();
        Argument<string> subject = Subject();
        Option<string?> from = new("--from") { Description = "A minute in UTC, or 'now' (default: 2000-01-01T00:00:00Z)", HelpName = "MINUTE" };
        Option<string?> until = new("--until") { Description = "A minute in UTC, or 'now' (default: for ever)", HelpName = "MINUTE" };
        return ClientCommand.Create("map", """
            Say that a subject's usage is a customer's, from a minute until another. A subject has one customer at a time.

            Examples:
              metering customers map acme user-17
              metering customers map acme user-17 --from now
              metering customers map acme user-17 --until 2026-04-01T00:00:00Z
            """, [key, subject, from, until], async (client, parsed, token) =>
        {
            string body = JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString("from", parsed.GetValue(from));
                json.WriteString("until", parsed.GetValue(until));
                json.WriteEndObject();
            });
            using JsonDocument mapped = await client.PutAsync(One(parsed.GetValue(key)!, "subjects", parsed.GetValue(subject)!).ToString(), body, token);
            string end = JsonText.Member(mapped.RootElement, "until");
            Console.WriteLine($"{parsed.GetValue(subject)} is {parsed.GetValue(key)}'s from {JsonText.Member(mapped.RootElement, "from")}{(end.Length > 0 ? $" until {end}" : " on")}.");
            return ExitCode.Success;
        });
    }

    private static Command CreateUnmap()
    {
        Argument<string> key = Key();
        Argument<string> subject = Subject();
        Option<string?> at = new("--at") { Description = "A minute in UTC (default: now)", HelpName = "MINUTE" };
        return ClientCommand.Create("unmap", """
            End a subject's being a customer's. What it was before stays.

            Examples:
              metering customers unmap acme user-17
              metering customers unmap acme user-17 --at 2026-04-01T00:00:00Z
            """, [key, subject, at], async (client, parsed, token) =>
        {
            await client.DeleteAsync(One(parsed.GetValue(key)!, "subjects", parsed.GetValue(subject)!).With("at", parsed.GetValue(at)).ToString(), token);
            Console.WriteLine($"{parsed.GetValue(subject)} is not {parsed.GetValue(key)}'s any more.");
            return ExitCode.Success;
        });
    }

    private static Command CreateArchive()
    {
        Argument<string> key = Key();
        return ClientCommand.Create("archive", """
            Archive a customer. One with a subscription that has not ended stays.

            Examples:
              metering customers archive acme
            """, [key], async (client, parsed, token) =>
        {
            await client.DeleteAsync(One(parsed.GetValue(key)!).ToString(), token);
            Console.WriteLine($"{parsed.GetValue(key)} is archived.");
            return ExitCode.Success;
        });
    }

    private static Url One(string key, params IEnumerable<string> more) => new(["v1", "customers", key, .. more]);

    private static Argument<string> Key() => new("CUSTOMER") { Description = "Its key" };

    private static Argument<string> Subject() => new("SUBJECT") { Description = "As usage events name it" };
}
