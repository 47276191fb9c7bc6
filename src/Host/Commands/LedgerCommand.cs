using System.CommandLine;
using System.Text.Json;
using Metering.Host.Client;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary><c>metering ledger</c>: what customers owe, what is owed to them, and what is earned.</summary>
internal static class LedgerCommand
{
    public static Command Create() => new("ledger", """
        Read the ledger, post to it by hand, and close its months.

        Examples:
          metering ledger trial-balance
          metering ledger statement acme --from 2026-01-01 --until 2026-02-01
          metering ledger export entries.ndjson
        """)
    {
        CreateTrialBalance(),
        CreateStatement(),
        LedgerPostCommands.Post(),
        LedgerPostCommands.Reverse(),
        LedgerMonthCommands.Recognize(),
        LedgerMonthCommands.Close(),
        LedgerExportCommand.Create(),
    };

    private static Command CreateTrialBalance()
    {
        Option<string?> asOf = new("--as-of") { Description = "Only what was booked up to this instant, as 2026-01-31T12:00:00Z", HelpName = "TIME" };
        Option<bool> asJson = new("--json") { Description = "The server's answer as it is" };
        return ClientCommand.Create("trial-balance", """
            Show the balances of all accounts by kind. In each currency, debits and credits sum to the same.

            Examples:
              metering ledger trial-balance
              metering ledger trial-balance --as-of 2026-01-31T23:59:59Z --json
            """, [asOf, asJson], async (client, parsed, token) =>
        {
            using JsonDocument answer = await client.GetAsync(new Url("v1", "ledger", "trial-balance").With("as_of", parsed.GetValue(asOf)).ToString(), token);
            if (parsed.GetValue(asJson))
            {
                Console.WriteLine(JsonText.Indented(answer.RootElement));
                return ExitCode.Success;
            }

            Table table = Terminal.NewTable("currency", "account", "debit", "credit");
            foreach (JsonElement currency in answer.RootElement.GetProperty("currencies").EnumerateArray())
            {
                string code = JsonText.Member(currency, "currency");
                foreach (JsonElement account in currency.GetProperty("accounts").EnumerateArray())
                {
                    AddRow(table, code, JsonText.Member(account, "kind"), JsonText.Member(account, "debit"), JsonText.Member(account, "credit"));
                }

                AddRow(table, code, "total", JsonText.Member(currency, "debit"), JsonText.Member(currency, "credit"));
            }

            Terminal.Out().Write(table);
            return ExitCode.Success;
        });
    }

    private static Command CreateStatement()
    {
        Argument<string> customer = new("CUSTOMER") { Description = "Key of the customer" };
        Option<string> from = new("--from") { Description = "The first accounting day, as 2026-01-01", HelpName = "DATE", Required = true };
        Option<string> until = new("--until") { Description = "The day after the last", HelpName = "DATE", Required = true };
        Option<bool> asJson = new("--json") { Description = "The server's answers as they are, one a line" };
        return ClientCommand.Create("statement", """
            Show what a customer's accounts had, what happened, and what they have.

            Examples:
              metering ledger statement acme --from 2026-01-01 --until 2026-02-01
              metering ledger statement acme --from 2026-01-01 --until 2027-01-01 --json
            """, [customer, from, until, asJson], async (client, parsed, token) =>
        {
            Url Page(string? cursor) => new Url("v1", "ledger", "customers", parsed.GetValue(customer)!, "statement")
                .With("from", parsed.GetValue(from)).With("until", parsed.GetValue(until)).With("limit", "1000").With("cursor", cursor);
            bool json = parsed.GetValue(asJson);
            Table entries = Terminal.NewTable("day", "key", "account", "debit", "credit", "balance", "currency");
            string? cursor = null;
            do
            {
                using JsonDocument page = await client.GetAsync(Page(cursor).ToString(), token);
                Show(page.RootElement, json, entries, isFirst: cursor is null);
                cursor = page.RootElement.GetProperty("next_cursor").GetString();
            }
            while (cursor is not null);
            if (!json)
            {
                Terminal.Out().Write(entries);
            }

            return ExitCode.Success;
        });
    }

    private static void Show(JsonElement page, bool json, Table entries, bool isFirst)
    {
        if (json)
        {
            Console.WriteLine(page.GetRawText());
            return;
        }

        if (isFirst)
        {
            Table accounts = Terminal.NewTable("account", "opening", "closing", "currency");
            foreach (JsonElement account in page.GetProperty("accounts").EnumerateArray())
            {
                AddRow(accounts, JsonText.Member(account, "account"), JsonText.Member(account, "opening"), JsonText.Member(account, "closing"), JsonText.Member(account, "currency"));
            }

            Terminal.Out().Write(accounts);
        }

        foreach (JsonElement entry in page.GetProperty("entries").EnumerateArray())
        {
            (string debit, string credit) = JsonText.Member(entry, "direction") == "debit" ? (JsonText.Member(entry, "amount"), "") : ("", JsonText.Member(entry, "amount"));
            AddRow(
                entries, JsonText.Member(entry, "effective_on"), JsonText.Member(entry, "key"), JsonText.Member(entry, "account"), debit, credit,
                JsonText.Member(entry, "balance"), JsonText.Member(entry, "currency"));
        }
    }

    private static void AddRow(Table table, params string[] cells) => table.AddRow([.. cells.Select(Markup.Escape)]);
}
