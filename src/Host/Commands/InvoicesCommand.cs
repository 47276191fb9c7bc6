using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Invoices;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary><c>metering invoices</c>: what was billed, and what became of it.</summary>
internal static class InvoicesCommand
{
    private const string Root = "v1/invoices";
    private const int PageSize = 200;
    private const int MaxListed = 1000;

    public static Command Create() => new("invoices", """
        List, show, print, pay, credit, void and verify invoices.

        Examples:
          metering invoices list --customer acme --state open
          metering invoices show inv_…
          metering invoices pay inv_… --amount 72.00 --reference wire-2026-001
          metering invoices verify --all
        """)
    {
        CreateList(),
        CreateShow(),
        CreateHtml(),
        InvoiceChangeCommands.Pay(),
        InvoiceChangeCommands.Credit(),
        InvoiceChangeCommands.Void(),
        InvoiceChangeCommands.WriteOff(),
        CreateVerify(),
    };

    private static Command CreateList()
    {
        Option<string?> customer = new("--customer") { Description = "Only this customer's", HelpName = "KEY" };
        Option<string?> subscription = new("--subscription") { Description = "Only this subscription's", HelpName = "ID" };
        Option<string?> state = new("--state") { Description = "draft, open, paid, void or uncollectible", HelpName = "STATE" };
        Option<int> limit = new("--limit") { Description = "How many at most", HelpName = "N", DefaultValueFactory = _ => 50 };
        Option<bool> asJson = new("--json") { Description = "As JSON, one array" };
        return ClientCommand.Create("list", """
            List invoices, those that became due last first.

            Examples:
              metering invoices list --state open
              metering invoices list --customer acme --limit 1000 --json
            """, [customer, subscription, state, limit, asJson], async (client, parsed, token) =>
        {
            int wanted = parsed.GetValue(limit) is > 0 and <= MaxListed and int given ? given : throw new SettingsException($"--limit: a number from 1 to {MaxListed}.");
            Url Query(Url url) => url.With("customer", parsed.GetValue(customer)).With("subscription", parsed.GetValue(subscription)).With("state", parsed.GetValue(state));
            using JsonDocument answer = await client.GetAsync(Query(new Url("v1", "invoices")).With("limit", wanted.ToString(CultureInfo.InvariantCulture)).ToString(), token);
            JsonElement invoices = answer.RootElement.GetProperty("items");
            if (parsed.GetValue(asJson))
            {
                Console.WriteLine(JsonText.Indented(invoices));
                return ExitCode.Success;
            }

            Terminal.Out().Write(InvoiceTables.List(invoices.EnumerateArray()));
            if (JsonText.Member(answer.RootElement, "next_cursor").Length > 0)
            {
                await Console.Error.WriteLineAsync($"There are more than {wanted}: narrow the list, or raise --limit.");
            }

            return ExitCode.Success;
        });
    }

    private static Command CreateShow()
    {
        Argument<string> id = Id();
        Option<bool> asJson = new("--json") { Description = "The server's answer as it is" };
        return ClientCommand.Create("show", """
            Show an invoice: its lines, what reduces and settles it, payments and credit notes. 'metering explain' has the steps of a line.

            Examples:
              metering invoices show inv_…
              metering invoices show inv_… --json
            """, [id, asJson], async (client, parsed, token) =>
        {
            using JsonDocument invoice = await new InvoiceClient(client).GetAsync(parsed.GetValue(id)!, token);
            if (parsed.GetValue(asJson))
            {
                Console.WriteLine(JsonText.Indented(invoice.RootElement));
            }
            else
            {
                InvoiceTables.Show(invoice.RootElement);
            }

            return ExitCode.Success;
        });
    }

    private static Command CreateHtml()
    {
        Argument<string> id = Id();
        Argument<string?> file = new("FILE") { Description = "Where to write it (default: standard output). A file that is there is not overwritten", Arity = ArgumentArity.ZeroOrOne };
        return ClientCommand.Create("html", """
            Write an invoice as one page that needs nothing else, to read, print or send.

            Examples:
              metering invoices html inv_… invoice.html
              metering invoices html inv_… > invoice.html
            """, [id, file], async (client, parsed, token) =>
        {
            string page = await new InvoiceClient(client).PageAsync(parsed.GetValue(id)!, token);
            if (parsed.GetValue(file) is not { } path)
            {
                await Console.Out.WriteAsync(page);
                return ExitCode.Success;
            }

            await using StreamWriter writer = new(new FileStream(path, FileMode.CreateNew));
            await writer.WriteAsync(page);
            return ExitCode.Success;
        });
    }

    private static Command CreateVerify()
    {
        Argument<string?> id = new("ID") { Description = "One invoice: inv_…", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> all = new("--all") { Description = "Every final invoice" };
        Option<bool> fromHistory = new("--from-history") { Description = "Derive the inputs again too, and name those that differ" };
        return ClientCommand.Create("verify", """
            Compute invoices again from their stored inputs, by the rules that made them, and compare hash and bytes. Exit code 1 when one differs; each is named.
            With --from-history the inputs are derived again as well: from the history of subscription and subjects up to the sequence numbers that the invoice
            names, from what was issued before it, and from its frozen quantities.

            Examples:
              metering invoices verify inv_…
              metering invoices verify --all
              metering invoices verify --all --from-history
            """, [id, all, fromHistory], async (client, parsed, token) =>
        {
            string? one = parsed.GetValue(id);
            if (one is null == !parsed.GetValue(all))
            {
                throw new SettingsException("Name one invoice, or say --all.");
            }

            int verified = 0;
            int different = 0;
            int underived = 0;
            await foreach (JsonElement page in new InvoiceClient(client).PagesAsync($"{Root}/verify", url => url.With("invoice", one).With("from_history", parsed.GetValue(fromHistory) ? "true" : null), PageSize, token))
            {
                foreach (JsonElement invoice in page.EnumerateArray())
                {
                    verified++;
                    string result = JsonText.Member(invoice, "result");
                    underived += result == "same_without_history" ? 1 : 0;
                    if (result is not ("same" or "same_without_history"))
                    {
                        different++;
                        Console.WriteLine($"{JsonText.Member(invoice, "id")} ({JsonText.Member(invoice, "number")}): {result.Replace('_', ' ')}");
                        WriteDifferences(invoice);
                    }
                }

                await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{verified:N0} computed again, {different:N0} differ"));
            }

            if (underived > 0)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{underived:N0} do not say what history they were derived from."));
            }

            Console.WriteLine(different == 0 ? string.Create(CultureInfo.InvariantCulture, $"{verified:N0} the same, to the byte.") : "NOT the same.");
            return different == 0 ? ExitCode.Success : ExitCode.Failed;
        });
    }

    private static void WriteDifferences(JsonElement invoice)
    {
        if (!invoice.TryGetProperty("differences", out JsonElement differences))
        {
            return;
        }

        foreach (JsonElement one in differences.EnumerateArray())
        {
            Console.WriteLine($"  {JsonText.Member(one, "input")}: stored {Shown(one, "stored")}, derived {Shown(one, "derived")}");
        }
    }

    private static string Shown(JsonElement difference, string name) => JsonText.Member(difference, name) is { Length: > 0 } value ? value : "nothing";

    private static Argument<string> Id() => new("ID") { Description = "Of the invoice: inv_…" };
}
