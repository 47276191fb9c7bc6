using System.CommandLine;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary><c>metering ledger post</c> and <c>reverse</c>: what people decide, with a reason and who approved it.</summary>
internal sealed class LedgerPostCommands
{
    private readonly Option<string> _reference = new("--reference") { Description = "Unique for ever: the key is manual:REFERENCE, and posting it again posts nothing", HelpName = "TEXT", Required = true };
    private readonly Option<string> _reason = new("--reason") { Description = "Why", HelpName = "TEXT", Required = true };
    private readonly Option<string> _approver = new("--approver") { Description = "Who approved it", HelpName = "NAME", Required = true };
    private readonly Option<string?> _on = new("--on") { Description = "The accounting day (default: today, or the first open day)", HelpName = "DATE" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what it would come to, and keep nothing" };
    private readonly Option<bool> _json = new("--json") { Description = "The server's answer as it is" };

    public static Command Post()
    {
        LedgerPostCommands common = new();
        Option<string[]> debit = Entries("--debit");
        Option<string[]> credit = Entries("--credit");
        Option<string> currency = new("--currency") { Description = "Of the amounts, such as USD", HelpName = "CODE", Required = true };
        return ClientCommand.Create("post", """
            Post a manual transaction. Debits and credits must sum to the same.

            Examples:
              metering ledger post --reference 2026-01-bank-fee --debit Fees=0.05 --credit Bank=0.05 --currency USD --reason "bank fee" --approver ada
              metering ledger post --reference goodwill-7 --debit Revenue=10 --credit CustomerCredit:acme=10 --currency USD --reason "outage" --approver ada --dry-run
            """, [common._reference, debit, credit, currency, .. common.Terms()], (client, parsed, token) => common.SendAsync(client, parsed, ["v1", "ledger", "transactions"], json =>
        {
            json.WriteStartArray("entries");
            WriteEntries(json, "debit", parsed.GetValue(debit)!, parsed.GetValue(currency)!);
            WriteEntries(json, "credit", parsed.GetValue(credit)!, parsed.GetValue(currency)!);
            json.WriteEndArray();
        }, token));
    }

    public static Command Reverse()
    {
        LedgerPostCommands common = new();
        Argument<string> key = new("KEY") { Description = "Of the transaction that was wrong" };
        return ClientCommand.Create("reverse", """
            Take back a manual transaction, an opening balance, a fee or a payout, entry by entry. A transaction is reversed once.

            Examples:
              metering ledger reverse manual:2026-01-bank-fee --reference 2026-01-bank-fee-back --reason "booked twice" --approver ada
            """, [key, common._reference, .. common.Terms()], (client, parsed, token) =>
            common.SendAsync(client, parsed, ["v1", "ledger", "transactions", parsed.GetValue(key)!, "reverse"], _ => { }, token));
    }

    private static Option<string[]> Entries(string name) => new(name)
    {
        Description = "An account and an amount, such as Bank=0.05 or Receivable:acme=72.00",
        HelpName = "ACCOUNT=AMOUNT",
        AllowMultipleArgumentsPerToken = true,
        Required = true,
    };

    private IEnumerable<Option> Terms() => [_reason, _approver, _on, _dryRun, _json];

    private async Task<int> SendAsync(MeteringClient client, ParseResult parsed, string[] path, Action<Utf8JsonWriter> writeRest, CancellationToken cancellationToken)
    {
        string body = JsonText.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("reference", parsed.GetValue(_reference));
            json.WriteString("effective_on", parsed.GetValue(_on));
            json.WriteString("reason", parsed.GetValue(_reason));
            json.WriteString("approver", parsed.GetValue(_approver));
            writeRest(json);
            json.WriteEndObject();
        });
        bool isDry = parsed.GetValue(_dryRun);
        using JsonDocument answer = await client.PostAsync(new Url(path).With("dry_run", isDry ? "true" : null).ToString(), body, cancellationToken);
        Console.WriteLine(parsed.GetValue(_json) ? JsonText.Indented(answer.RootElement) : Sentence(answer.RootElement, isDry));
        return ExitCode.Success;
    }

    private static string Sentence(JsonElement answer, bool isDry)
    {
        string key = JsonText.Member(answer, "key");
        string day = JsonText.Member(answer, "effective_on");
        return JsonText.Member(answer, "result") == "AlreadyPosted" ? $"{key} was posted before; nothing is posted again."
            : isDry ? $"{key} would be posted for {day}. Nothing was kept."
            : $"{key} is posted for {day}.";
    }

    private static void WriteEntries(Utf8JsonWriter json, string direction, string[] entries, string currency)
    {
        foreach (string entry in entries)
        {
            int equals = entry.LastIndexOf('=');
            if (equals <= 0)
            {
                throw new SettingsException($"--{direction} {entry}: expected ACCOUNT=AMOUNT, such as Bank=0.05.");
            }

            json.WriteStartObject();
            json.WriteString("account", entry[..equals]);
            json.WriteString("direction", direction);
            json.WriteString("amount", entry[(equals + 1)..]);
            json.WriteString("currency", currency);
            json.WriteEndObject();
        }
    }
}
