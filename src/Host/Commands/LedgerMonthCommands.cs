using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;

namespace Metering.Host.Commands;

/// <summary><c>metering ledger recognize</c> and <c>close</c>: the end of a month.</summary>
internal static class LedgerMonthCommands
{
    public static Command Recognize()
    {
        Option<string?> until = new("--until") { Description = "The last month, as 2026-01 (default: every month that is over)", HelpName = "MONTH" };
        return ClientCommand.Create("recognize", """
            Make deferred amounts revenue for the months that are over. The server also does it by itself, about once an hour. May be stopped and repeated.

            Examples:
              metering ledger recognize
              metering ledger recognize --until 2026-01
            """, [until], async (client, parsed, token) =>
        {
            string body = JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString("until", parsed.GetValue(until));
                json.WriteEndObject();
            });
            long lines = 0;
            long posted = 0;
            for (bool done = false; !done;)
            {
                using JsonDocument batch = await client.PostAsync("v1/ledger/recognitions", body, token);
                lines += batch.RootElement.GetProperty("lines").GetInt64();
                posted += batch.RootElement.GetProperty("posted").GetInt64();
                done = batch.RootElement.GetProperty("done").GetBoolean();
                if (!done)
                {
                    await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{lines} lines so far"));
                }
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{posted} postings for {lines} lines."));
            return ExitCode.Success;
        });
    }

    public static Command Close()
    {
        Argument<string> month = new("MONTH") { Description = "As 2026-01. All months before it are closed too" };
        Option<string> approver = new("--approver") { Description = "Who closes it", HelpName = "NAME", Required = true };
        Option<bool> yes = new("--yes") { Description = "Do not ask" };
        return ClientCommand.Create("close", """
            Close a month: it takes no entry any more, and is never opened again. Corrections are booked in the first open month.

            Examples:
              metering ledger close 2026-01 --approver ada
              metering ledger close 2026-01 --approver ada --yes
            """, [month, approver, yes], async (client, parsed, token) =>
        {
            if (!parsed.GetValue(yes) && !Terminal.Confirmed($"Close {parsed.GetValue(month)} and all months before it, for ever?"))
            {
                return ExitCode.Failed;
            }

            string body = JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString("approver", parsed.GetValue(approver));
                json.WriteEndObject();
            });
            using JsonDocument answer = await client.PostAsync(new Url("v1", "ledger", "months", parsed.GetValue(month)!, "close").ToString(), body, token);
            string before = JsonText.Member(answer.RootElement, "result") == "AlreadyClosed" ? " already" : "";
            Console.WriteLine($"{JsonText.Member(answer.RootElement, "month")} is closed{before}. The first open day is {JsonText.Member(answer.RootElement, "open_from")}.");
            return ExitCode.Success;
        });
    }
}
