using System.CommandLine;
using Metering.Host.Composition;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary><c>metering up</c>: everything on this machine, nothing to install.</summary>
internal static class UpCommand
{
    /// <summary>One process owns the data folder, so it may take its own leases back at once.</summary>
    public static readonly IReadOnlyDictionary<string, string?> Defaults = new Dictionary<string, string?>
    {
        ["RequireApiKey"] = "false",
        ["Aggregator:Owner"] = "up",
    };

    public static Command Create()
    {
        Command command = new("up", """
            Run everything on this machine: ingestion, aggregation, queries, and the engines they need.

            Examples:
              metering up
              metering up --data ./data --http 127.0.0.1:0
              metering up --postgres "Host=db;Database=metering;Username=metering" --clickhouse http://ch:8123
            """);
        ServerOptions options = new();
        options.AddTo(command);
        command.SetAction((parsed, token) => Running.GuardAsync(() => RunAsync(options.Configuration(parsed, Defaults), Roles.All, token)));
        return command;
    }

    /// <summary>Serves until asked to stop; starts anew, in the same process, when the log has grown.</summary>
    public static async Task<int> RunAsync(IConfigurationRoot configuration, Roles roles, CancellationToken cancellationToken)
    {
        MeteringSettings settings = Running.Settings(configuration);
        bool again = true;
        while (again)
        {
            await using MeteringServer server = await MeteringServer.StartAsync(settings, roles, configuration, cancellationToken);
            Running.Announce(server);

            // Should it start anew, then where its clients already look for it.
            (settings.Http, settings.Grpc) = (new Uri(server.HttpAddress).Authority, new Uri(server.GrpcAddress).Authority);
            await server.WaitForShutdownAsync(cancellationToken);
            again = server.IsOutgrown && !cancellationToken.IsCancellationRequested;
        }

        return 0;
    }
}
