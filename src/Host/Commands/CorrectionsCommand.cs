using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary><c>metering corrections</c>: what became known after an invoice was final.</summary>
internal static class CorrectionsCommand
{
    public static Command Create() => new("corrections", """
        Usage that became known after its period was billed. A server corrects once a day by itself; usage older than the horizon waits until somebody approves it.

        Examples:
          metering corrections list --state pending
          metering corrections run                     now, not at the end of the day
          metering corrections approve cor_…
        """)
    {
        CreateList(),
        CreateRun(),
        Decide("approve", "Let history count in what is billed already. The next correction bills or credits it."),
        Decide("reject", "Leave history out of what is billed already."),
    };

    private static Command CreateList()
    {
        Option<string?> state = new("--state") { Description = "pending, done or rejected (default: all)", HelpName = "STATE" };
        Option<bool> asJson = new("--json") { Description = "The server's answer as it is" };
        return ClientCommand.Create("list", """
            List corrections, newest first.

            Examples:
              metering corrections list
              metering corrections list --state pending --json
            """, [state, asJson], async (client, parsed, token) =>
        {
            using JsonDocument answer = await client.GetAsync(new Url("v1", "corrections").With("state", parsed.GetValue(state)).With("limit", "100").ToString(), token);
            if (parsed.GetValue(asJson))
            {
                Console.WriteLine(JsonText.Indented(answer.RootElement));
                return ExitCode.Success;
            }

            Table table = Terminal.NewTable("id", "subscription", "period", "state", "outcome", "net");
            foreach (JsonElement one in answer.RootElement.GetProperty("items").EnumerateArray())
            {
                string[] cells =
                [
                    JsonText.Member(one, "id"), JsonText.Member(one, "subscription"), $"{one.GetProperty("period")[0].GetString()} – {one.GetProperty("period")[1].GetString()}",
                    JsonText.Member(one, "state"), JsonText.Member(one, "outcome"), $"{JsonText.Member(one, "net")} {JsonText.Member(one, "currency")}",
                ];
                table.AddRow([.. cells.Select(Markup.Escape)]);
            }

            Terminal.Out().Write(table);
            return ExitCode.Success;
        });
    }

    private static Command CreateRun() => ClientCommand.Create("run", """
        Look at every billed period that changed, and bill or credit the difference. Running it again changes nothing.

        Examples:
          metering corrections run
        """, [], async (client, _, token) =>
    {
        using JsonDocument answer = await client.PostAsync("v1/correction-runs", "{}", token);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{answer.RootElement.GetProperty("corrected").GetInt64():N0} periods corrected."));
        string[] failed = [.. answer.RootElement.GetProperty("failed").EnumerateArray().Select(one => one.GetString()!)];
        if (failed.Length == 0)
        {
            return ExitCode.Success;
        }

        await Console.Error.WriteLineAsync($"Not corrected, and tried again: {string.Join(", ", failed)}. The server's log says why.");
        return ExitCode.Failed;
    });

    private static Command Decide(string verb, string description)
    {
        Argument<string> id = new("CORRECTION") { Description = "Id of a pending correction" };
        return ClientCommand.Create(verb, $"""
            {description}

            Examples:
              metering corrections {verb} cor_…
            """, [id], async (client, parsed, token) =>
        {
            (await client.PostAsync(new Url("v1", "corrections", parsed.GetValue(id)!, verb).ToString(), "{}", token)).Dispose();
            Console.WriteLine(verb == "approve" ? "Approved." : "Rejected.");
            return ExitCode.Success;
        });
    }
}
