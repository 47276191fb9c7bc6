using System.CommandLine;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Invoices;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary><c>metering explain</c>: how a line of an invoice came about.</summary>
internal static class ExplainCommand
{
    public static Command Create()
    {
        Argument<string> line = new("LINE") { Description = "Invoice and number: inv_…/2" };
        Option<bool> asJson = new("--json") { Description = "The server's answer as it is" };
        Option<bool> events = new("--events") { Description = "The events that a usage line counted, instead of the steps" };
        return ClientCommand.Create("explain", """
            Show every step that made a line of an invoice, enough to compute it again by hand; or the events that it counted.

            Examples:
              metering explain inv_…/2
              metering explain inv_…/2 --json
              metering explain inv_…/2 --events
            """, [line, events, asJson], async (client, parsed, token) =>
        {
            string[] parts = parsed.GetValue(line)!.Split('/');
            if (parts.Length != 2)
            {
                throw new SettingsException($"{parsed.GetValue(line)}: expected an invoice and the number of a line, such as inv_…/2. 'metering invoices show' numbers the lines.");
            }

            if (parsed.GetValue(events))
            {
                await LineEventTable.ShowAsync(new InvoiceClient(client).EventsAsync(parts[0], parts[1], token), parsed.GetValue(asJson));
                return ExitCode.Success;
            }

            using JsonDocument answer = await new InvoiceClient(client).ExplainAsync(parts[0], parts[1], token);
            if (parsed.GetValue(asJson))
            {
                Console.WriteLine(JsonText.Indented(answer.RootElement));
            }
            else
            {
                InvoiceTables.Explain(answer.RootElement);
            }

            return ExitCode.Success;
        });
    }
}
