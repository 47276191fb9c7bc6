using System.CommandLine;
using System.Text.Json;
using Metering.Host.Client;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary><c>metering unbilled</c>: usage that nobody pays for.</summary>
internal static class UnbilledCommand
{
    private static readonly string[] s_columns = ["meter", "subject", "reason", "customer", "subscription", "quantity", "events", "first_minute", "last_minute"];

    public static Command Create()
    {
        Option<string> from = new("--from") { Description = "A minute in UTC", HelpName = "MINUTE", Required = true };
        Option<string> to = new("--to") { Description = "A minute in UTC, exclusive; at most 366 days later", HelpName = "MINUTE", Required = true };
        Option<string?> meter = new("--meter") { Description = "Of one meter (default: all)", HelpName = "SLUG" };
        Option<string?> subject = new("--subject") { Description = "Of one subject (default: all)", HelpName = "NAME" };
        Option<string?> reason = new("--reason") { Description = "no_customer, no_subscription, before_start, after_end, paused or not_priced (default: all)", HelpName = "REASON" };
        Option<bool> cells = new("--cells") { Description = "Tell the meter's dimensions apart" };
        Option<bool> asJson = new("--json") { Description = "The server's rows as they are, one on a line" };
        return ClientCommand.Create("unbilled", """
            List sealed usage that nobody is billed for, and why: the subject was nobody's, the customer had no subscription that was running, or nothing in it prices the usage.
            What is billed and what is listed here are all usage. Usage of a trial is billed, at zero.

            Examples:
              metering unbilled --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z
              metering unbilled --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z --reason no_customer --cells
            """, [from, to, meter, subject, reason, cells, asJson], async (client, parsed, token) =>
        {
            Url list = new Url("v1", "unbilled-usage").With("from", parsed.GetValue(from)).With("to", parsed.GetValue(to)).With("meter", parsed.GetValue(meter))
                .With("subject", parsed.GetValue(subject)).With("reason", parsed.GetValue(reason)).With("cells", parsed.GetValue(cells) ? "true" : null);
            await ShowAsync(Pages.ReadAsync(client, list, token), parsed.GetValue(cells), parsed.GetValue(asJson));
            return ExitCode.Success;
        });
    }

    private static async Task ShowAsync(IAsyncEnumerable<JsonElement> rows, bool byCell, bool asJson)
    {
        string[] columns = byCell ? [.. s_columns[..2], "cell", .. s_columns[2..]] : s_columns;
        Table table = Terminal.NewTable([.. columns.Select(column => column.Replace('_', ' '))]);
        await foreach (JsonElement row in rows)
        {
            if (asJson)
            {
                Console.WriteLine(row.GetRawText());
                continue;
            }

            table.AddRow([.. columns.Select(column => Markup.Escape(column == "cell" ? Pricing.CellText.Of(row.GetProperty(column)) : JsonText.Member(row, column)))]);
        }

        if (!asJson)
        {
            Terminal.Out().Write(table);
        }
    }
}
