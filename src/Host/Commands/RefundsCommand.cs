using System.CommandLine;
using System.Text.Json;
using Metering.Host.Client;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary><c>metering refunds</c>: money that is owed back, once it is sent.</summary>
internal static class RefundsCommand
{
    public static Command Create() => new("refunds", """
        Record that money was sent back, and that it came back. What is owed comes from credit notes (metering invoices credit … --refund) and from grants.

        Examples:
          metering refunds send --credit-note cn_… --amount 20.00 --currency USD --reference wire-2026-007
          metering refunds fail re_… --reason 'account closed'
          metering refunds list --customer acme
        """)
    {
        List(),
        Send(),
        Fail(),
    };

    private static Command List()
    {
        Option<string?> customer = new("--customer") { Description = "Of one customer (default: all)", HelpName = "KEY" };
        Option<string?> state = new("--state") { Description = "sent or failed (default: both)", HelpName = "STATE" };
        Option<bool> asJson = new("--json") { Description = "The server's refunds as they are, one on a line" };
        return ClientCommand.Create("list", """
            List refunds, newest first.

            Examples:
              metering refunds list
              metering refunds list --customer acme --state failed
            """, [customer, state, asJson], async (client, parsed, token) =>
        {
            string[] columns = ["id", "customer", "credit_note", "grant", "amount", "currency", "state", "sent_at", "reference"];
            Table table = Terminal.NewTable([.. columns.Select(column => column.Replace('_', ' '))]);
            Url list = new Url("v1", "refunds").With("customer", parsed.GetValue(customer)).With("state", parsed.GetValue(state));
            await foreach (JsonElement refund in Pages.ReadAsync(client, list, token))
            {
                if (parsed.GetValue(asJson))
                {
                    Console.WriteLine(refund.GetRawText());
                    continue;
                }

                table.AddRow([.. JsonText.Members(refund, columns).Select(Markup.Escape)]);
            }

            if (!parsed.GetValue(asJson))
            {
                Terminal.Out().Write(table);
            }

            return ExitCode.Success;
        });
    }

    private static Command Send()
    {
        Option<string?> note = new("--credit-note") { Description = "That left it to be refunded", HelpName = "ID" };
        Option<string?> grant = new("--grant") { Description = "Or the grant that it was refunded of", HelpName = "ID" };
        Option<string> amount = new("--amount") { Description = "What was sent", HelpName = "AMOUNT", Required = true };
        Option<string> currency = new("--currency") { Description = "Of the amount, such as USD", HelpName = "CODE", Required = true };
        Option<string> reference = new("--reference") { Description = "Your own name for it. The same one again sends nothing more", HelpName = "TEXT", Required = true };
        return ClientCommand.Create("send", """
            Record money that was sent back, all of what is owed or a part of it.

            Examples:
              metering refunds send --credit-note cn_… --amount 20.00 --currency USD --reference wire-2026-007
              metering refunds send --grant grant_… --amount 8.00 --currency USD --reference wire-2026-008
            """, [note, grant, amount, currency, reference], async (client, parsed, token) =>
        {
            string body = JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString("credit_note", parsed.GetValue(note));
                json.WriteString("grant", parsed.GetValue(grant));
                json.WriteString("amount", parsed.GetValue(amount));
                json.WriteString("currency", parsed.GetValue(currency));
                json.WriteString("reference", parsed.GetValue(reference));
                json.WriteEndObject();
            });
            using JsonDocument sent = await client.PostAsync("v1/refunds", body, token);
            Say(sent.RootElement);
            return ExitCode.Success;
        });
    }

    private static Command Fail()
    {
        Argument<string> id = new("REFUND") { Description = "Its id: re_…" };
        Option<string> reason = new("--reason") { Description = "Why, for people and for the audit log", HelpName = "TEXT", Required = true };
        return ClientCommand.Create("fail", """
            Record that the money came back. It is owed again, and can be sent under another reference.

            Examples:
              metering refunds fail re_… --reason 'account closed'
            """, [id, reason], async (client, parsed, token) =>
        {
            string body = JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString("reason", parsed.GetValue(reason));
                json.WriteEndObject();
            });
            using JsonDocument failed = await client.PostAsync(new Url("v1", "refunds", parsed.GetValue(id)!, "fail").ToString(), body, token);
            Say(failed.RootElement);
            return ExitCode.Success;
        });
    }

    private static void Say(JsonElement refund)
    {
        string[] fields = JsonText.Members(refund, "id", "amount", "currency", "customer", "state");
        Console.WriteLine($"{fields[0]}: {fields[1]} {fields[2]} to {fields[3]}, {fields[4]}.");
    }
}
