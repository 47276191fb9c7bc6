using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Pricing;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary><c>metering bill</c>: invoice what is due, see what comes, end a wait.</summary>
internal static class BillCommand
{
    public static Command Create() => new("bill", """
        Invoice what is due. A running server does so by itself every few seconds; these are for looking, for hurrying, and for what waits.

        Examples:
          metering bill run                            everything that is due now
          metering bill preview sub_01JZ…              the invoice that comes next, with all its lines
          metering bill finalize sub_01JZ… --incomplete --reason "partition 3 is being repaired"
        """)
    {
        CreateRun(),
        CreatePreview(),
        CreateFinalize(),
    };

    private static Command CreateRun()
    {
        Option<bool> asJson = new("--json") { Description = "The totals as JSON" };
        return ClientCommand.Create("run", """
            Invoice everything that is due, and say what waits for its usage to be complete. It can be stopped and run again at any time: nothing is invoiced twice.

            Exit code: 0 everything due is invoiced, 1 something waits.

            Examples:
              metering bill run
              metering bill run --json
            """, [asJson], (client, parsed, token) => RunAsync(client, parsed.GetValue(asJson), token));
    }

    private static async Task<int> RunAsync(MeteringClient client, bool asJson, CancellationToken cancellationToken)
    {
        (long subscriptions, long invoices) = (0, 0);
        IAnsiConsole error = Terminal.Error();
        while (true)
        {
            using JsonDocument answer = await client.PostAsync("v1/billing-runs", "{}", cancellationToken);
            subscriptions += answer.RootElement.GetProperty("subscriptions").GetInt64();
            invoices += answer.RootElement.GetProperty("invoices").GetInt64();
            if (!answer.RootElement.GetProperty("more").GetBoolean())
            {
                break;
            }

            using JsonDocument left = await client.GetAsync("v1/billing-runs/due", cancellationToken);
            error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{invoices:N0} invoices, {left.RootElement.GetProperty("due").GetInt64():N0} subscriptions to go"));
        }

        using JsonDocument due = await client.GetAsync("v1/billing-runs/due", cancellationToken);
        long waiting = due.RootElement.GetProperty("waiting").GetInt64();
        if (asJson)
        {
            Console.WriteLine(JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteNumber("subscriptions", subscriptions);
                json.WriteNumber("invoices", invoices);
                json.WriteNumber("waiting", waiting);
                json.WriteEndObject();
            }));
        }
        else
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{invoices:N0} invoices issued."));
            if (waiting > 0)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{waiting:N0} subscriptions wait, the oldest since {JsonText.Member(due.RootElement, "oldest_wait")}; usage is sealed up to {JsonText.Member(due.RootElement, "sealed_upto")} (seal {due.RootElement.GetProperty("seal")})."));
            }
        }

        return waiting == 0 ? ExitCode.Success : ExitCode.Failed;
    }

    private static Command CreatePreview()
    {
        Argument<string> subscription = new("SUBSCRIPTION") { Description = "Id of the subscription" };
        Option<string?> at = new("--at") { Description = "As if it were invoiced then, a whole minute such as 2026-02-01T00:00:00Z (default: when it is due next)", HelpName = "TIME" };
        Option<bool> asJson = new("--json") { Description = "The server's answer as it is" };
        return ClientCommand.Create("preview", """
            Show the invoice that a subscription would get, by the usage that is sealed so far. Nothing is written.

            Examples:
              metering bill preview sub_01JZ…
              metering bill preview sub_01JZ… --at 2026-02-01T00:00:00Z
            """, [subscription, at, asJson], async (client, parsed, token) =>
        {
            using JsonDocument answer = await client.GetAsync(new Url("v1", "subscriptions", parsed.GetValue(subscription)!, "preview").With("at", parsed.GetValue(at)).ToString(), token);
            if (parsed.GetValue(asJson))
            {
                Console.WriteLine(JsonText.Indented(answer.RootElement));
            }
            else
            {
                PreviewTable.Show(answer.RootElement);
            }

            return ExitCode.Success;
        });
    }

    private static Command CreateFinalize()
    {
        Argument<string> subscription = new("SUBSCRIPTION") { Description = "Id of the subscription whose draft waits" };
        Option<bool> incomplete = new("--incomplete") { Description = "Yes, although usage may be missing", Required = true };
        Option<string> reason = new("--reason") { Description = "Why; the invoice shows it", HelpName = "TEXT", Required = true };
        return ClientCommand.Create("finalize", """
            Invoice a subscription now, although its usage is not complete. What comes later is billed or credited by a correction.

            Examples:
              metering bill finalize sub_01JZ… --incomplete --reason "partition 3 is being repaired"
            """, [subscription, incomplete, reason], async (client, parsed, token) =>
        {
            string body = JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString("reason", parsed.GetValue(reason));
                json.WriteEndObject();
            });
            using JsonDocument answer = await client.PostAsync(new Url("v1", "subscriptions", parsed.GetValue(subscription)!, "finalize").ToString(), body, token);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{answer.RootElement.GetProperty("invoices").GetInt64():N0} invoices issued."));
            return ExitCode.Success;
        });
    }
}
