using System.CommandLine;
using System.Globalization;
using Metering.Aggregator.Generations;
using Metering.Host.Composition;
using Metering.Host.Settings;
using Metering.Storage.Postgres.Generations;

namespace Metering.Host.Commands;

/// <summary><c>metering grow</c>: more partitions, by a new generation of the usage topic.</summary>
internal static class GrowCommand
{
    public static Command Create()
    {
        Command command = new("grow", """
            Give the usage log more partitions: a new topic takes over, and everything that was counted stays counted once.

            On Kafka the processes may run meanwhile; each starts anew on the new topic within seconds, and what still reaches the old one is moved.
            The embedded log belongs to one process, so stop 'metering up' first. The old topic can be deleted when 'metering doctor' is content and its retention has passed.

            Examples:
              metering grow --to 64 --kafka broker:9092 --postgres "Host=db;…"
              metering grow --to 8 --data ./data
            """);
        Option<int> to = new("--to") { Description = "Partitions of the new topic, more than now", Required = true, HelpName = "COUNT" };
        to.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() is < 1 or > 1024)
            {
                result.AddError("--to: 1 to 1024 partitions.");
            }
        });
        command.Options.Add(to);
        ServerOptions options = new();
        options.AddTo(command);
        command.SetAction((parsed, token) => Running.GuardAsync(() => RunAsync(options.Configuration(parsed), parsed.GetValue(to), token)));
        return command;
    }

    private static async Task<int> RunAsync(IConfigurationRoot configuration, int partitions, CancellationToken cancellationToken)
    {
        using ILoggerFactory loggers = LoggerFactory.Create(logging => LoggingSetup.Configure(logging, configuration));
        await using Engines engines = await Engines.StartAsync(Running.Settings(configuration), Roles.Ingest, configuration, loggers, TimeProvider.System, cancellationToken);
        Growth growth = new(engines.UsageLog!, engines.Postgres, TimeProvider.System);
        LogGeneration grown = await growth.RunAsync(
            partitions,
            behind => Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Waiting: counting is {behind.TotalSeconds:F0} s behind.")),
            cancellationToken);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"The log has {grown.Partitions} partitions now: generation {grown.Number}, topic {grown.Topic}. Running processes change to it by themselves."));
        return ExitCode.Success;
    }
}
