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
        return ClientCommand.Create("explain", """
            Show every step that made a line of an invoice, enough to compute it again by hand.

            Examples:
              metering explain inv_…/2
              metering explain inv_…/2 --json
            """, [line, asJson], async (client, parsed, token) =>
        {
            string[] parts = parsed.GetValue(line)!.Split('/');
            if (parts.Length != 2)
            {
                throw new SettingsException($"{parsed.GetValue(line)}: expected an invoice and the number of a line, such as inv_…/2. 'metering invoices show' numbers the lines.");
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
