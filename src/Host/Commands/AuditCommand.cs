using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;

namespace Metering.Host.Commands;

/// <summary><c>metering audit</c>: events in = events counted, or what differs.</summary>
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

        if (report.GetProperty("unmatchedCorrections").GetInt64() is > 0 and long unmatched)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{unmatched} voids or amendments never met their event."));
        }

        Console.WriteLine(findings.Length == 0 ? "Exact." : "NOT exact:");
        foreach (string finding in findings)
        {
            Console.WriteLine($"  {finding}");
        }

        return findings.Length == 0 ? ExitCode.Success : ExitCode.Failed;
    }
}
