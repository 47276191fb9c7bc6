using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;

namespace Metering.Host.Commands;

/// <summary><c>metering repair</c>: what only a person may decide.</summary>
internal static class RepairCommand
{
    public static Command Create() => new("repair", """
        Repair what an audit found, or what stopped a partition. Answers on the server's own machine only.

        Examples:
          metering repair windows
          metering repair checkpoint
        """)
    {
        Windows(),
        Checkpoint(),
    };

    private static Command Windows()
    {
        Option<bool> yes = new("--yes") { Description = "Do not ask" };
        return ClientCommand.Create("windows", """
            Add to the windows what an audit found missing, as corrections that say so. Nothing that was written is changed.

            Examples:
              metering repair windows
              metering repair windows --yes
            """, [yes], async (client, parsed, token) =>
        {
            if (!parsed.GetValue(yes) && !Terminal.Confirmed("Count every event again and add what the windows lack?"))
            {
                return ExitCode.Failed;
            }

            using JsonDocument answer = await client.PostAsync("v1/audit/repair", null, token);
            int differences = answer.RootElement.GetProperty("differences").GetInt32();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{differences} differences; {(differences == 0 ? "nothing to repair" : "the repair is on its way, and a seal will record it")}."));
            return ExitCode.Success;
        });
    }

    private static Command Checkpoint()
    {
        Option<bool> yes = new("--yes") { Description = "Do not ask" };
        return ClientCommand.Create("checkpoint", """
            Go on from ClickHouse's own records after PostgreSQL was restored from a backup, or after a partition had stopped.

            Examples:
              metering repair checkpoint
            """, [yes], async (client, parsed, token) =>
        {
            if (!parsed.GetValue(yes) && !Terminal.Confirmed("Replace the recorded progress of every partition by what ClickHouse has?"))
            {
                return ExitCode.Failed;
            }

            using JsonDocument answer = await client.PostAsync("v1/audit/checkpoint", null, token);
            foreach (JsonElement one in answer.RootElement.EnumerateArray())
            {
                Console.WriteLine(
                    $"partition {one.GetProperty("part")}: goes on after offset {one.GetProperty("confirmed")} (flush {one.GetProperty("flushNo")}); {one.GetProperty("discardedRows")} unconfirmed rows removed, to be counted again");
            }

            return ExitCode.Success;
        });
    }
}
