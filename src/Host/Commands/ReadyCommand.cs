using System.CommandLine;
using System.Net;
using Metering.Host.Doctor;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary><c>metering ready</c>: whether the server on this machine can do its work. For containers, whose image has no other client.</summary>
internal static class ReadyCommand
{
    public static Command Create()
    {
        Command command = new("ready", """
            Ask the server on this machine whether it can do its work. Exit code 0 when it can, 1 when not yet, 2 when it does not answer.

            Examples:
              metering ready
              metering ready --http 127.0.0.1:9000
            """);
        ServerOptions options = new();
        options.AddTo(command);
        command.SetAction((parsed, token) => Running.GuardAsync(() => RunAsync(Running.Settings(options.Configuration(parsed)), token)));
        return command;
    }

    private static async Task<int> RunAsync(MeteringSettings settings, CancellationToken cancellationToken)
    {
        IPEndPoint listens = MeteringSettings.Address("http", settings.Http);
        settings.Http = new IPEndPoint(IPAddress.Any.Equals(listens.Address) ? IPAddress.Loopback : listens.Address, listens.Port).ToString();
        if (await ServerChecks.ReadinessAsync(settings, cancellationToken) is not { } readiness)
        {
            throw new SettingsException($"No server answers at http://{settings.Http}.");
        }

        Console.WriteLine(readiness.Text);
        return readiness.IsReady ? ExitCode.Success : ExitCode.Failed;
    }
}
