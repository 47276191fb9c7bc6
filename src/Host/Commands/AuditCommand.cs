using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;

namespace Metering.Host.Commands;

/// <summary><c>metering audit</c> and <c>metering repair</c>: events in = events counted, or what differs.</summary>
internal static class AuditCommand
{
    public static Command Create() => ClientCommand.Create("audit", """
        Count every event again and compare: the log with the raw events, these with the windows. Exit code 1 when something differs.

        Examples:
          metering audit
          metering audit && echo exact
        """, [], async (client, parsed, token) =>
    {
        using JsonDocument report = await client.PostAsync("v1/audit", null, token);
        return Show(report.RootElement);
    });

    public static Command CreateRepair()
    {
        Option<bool> yes = new("--yes") { Description = "Do not ask" };
        Command windows = ClientCommand.Create("windows", """
            Add to the windows what an audit found missing, as corrections that say so. Nothing that was written is changed.

            Examples:
              metering repair windows
              metering repair windows --yes
            """, [yes], async (client, parsed, token) =>
        {
            if (!parsed.GetValue(yes) && !Confirmed())
            {
                Console.WriteLine("Nothing was done.");
                return ExitCode.Failed;
            }

            using JsonDocument answer = await client.PostAsync("v1/audit/repair", null, token);
            int differences = answer.RootElement.GetProperty("differences").GetInt32();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{differences} differences; {(differences == 0 ? "nothing to repair" : "the repair is on its way, and a seal will record it")}."));
            return ExitCode.Success;
        });
        return new Command("repair", """
            Repair what an audit found.

            Examples:
              metering repair windows
            """)
        {
            windows,
        };
    }

    private static bool Confirmed()
    {
        Console.Write("Count every event again and add what the windows lack? [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }

    private static int Show(JsonElement report)
    {
        string Number(string name) => report.GetProperty(name).GetInt64().ToString("N0", CultureInfo.InvariantCulture);
        string[] findings = [.. report.GetProperty("findings").EnumerateArray().Select(finding => finding.GetString()!)];
        Console.WriteLine(
            $"{Number("records")} records: {Number("accepted")} accepted, {Number("duplicates")} duplicates, {Number("deadLetters")} dead letters, {Number("ticks")} ticks.");
        Console.WriteLine($"{Number("eventsRecomputed")} events counted again, {Number("windowRows")} window rows compared.");
        if (report.GetProperty("pendingMeters").GetInt32() is > 0 and int pending)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pending} meters are still being back-filled and are not compared yet."));
        }

        Console.WriteLine(findings.Length == 0 ? "Exact." : "NOT exact:");
        foreach (string finding in findings)
        {
            Console.WriteLine($"  {finding}");
        }

        return findings.Length == 0 ? ExitCode.Success : ExitCode.Failed;
    }
}
