using System.CommandLine;
using Metering.Host.Doctor;
using Metering.Host.Settings;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary><c>metering doctor</c>: whether this machine can run it, and how the one that runs is.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        Command command = new("doctor", """
            Check this machine and the running server, and say what to do about what is wrong. Exit code 1 when something is.

            Examples:
              metering doctor
              metering doctor --data ./data --http 127.0.0.1:9000
            """);
        ServerOptions options = new();
        options.AddTo(command);
        command.SetAction((parsed, token) => Running.GuardAsync(async () =>
        {
            IConfigurationRoot configuration = options.Configuration(parsed);
            List<Finding> findings = await ExamineAsync(Running.Settings(configuration), configuration["Postgres"] is not null, token);
            Show(Terminal.Out(), findings);
            return findings.Exists(finding => finding.Remedy is not null) ? ExitCode.Failed : ExitCode.Success;
        }));
        return command;
    }

    private static async Task<List<Finding>> ExamineAsync(MeteringSettings settings, bool isPostgresGiven, CancellationToken cancellationToken)
    {
        List<Finding> findings =
        [
            MachineChecks.Runtime(),
            await MachineChecks.EnginesAsync(settings, cancellationToken),
            MachineChecks.DataFolder(settings),
            MachineChecks.Clock(settings, TimeProvider.System),
        ];
        (bool IsReady, string Text)? readiness = await ServerChecks.ReadinessAsync(settings, cancellationToken);
        findings.Add(ServerChecks.Server(settings, readiness));
        if (readiness is null)
        {
            findings.AddRange(ServerChecks.Ports(settings));
        }
        else if (await ServerChecks.PostgresClockAsync(settings, isPostgresGiven, TimeProvider.System, cancellationToken) is { } clock)
        {
            findings.Add(clock);
        }

        return findings;
    }

    private static void Show(IAnsiConsole console, List<Finding> findings)
    {
        foreach (Finding finding in findings)
        {
            console.MarkupLine($"{(finding.Remedy is null ? "[green]✓[/]" : "[red]✗[/]")} {Markup.Escape(finding.What)}: {Markup.Escape(finding.Text)}");
            if (finding.Remedy is not null)
            {
                console.WriteLine($"  → {finding.Remedy}");
            }
        }
    }
}
