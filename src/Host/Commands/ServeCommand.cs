using System.CommandLine;
using System.Globalization;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary><c>metering serve</c>: chosen roles, for a deployment. API keys are always required.</summary>
internal static class ServeCommand
{
    /// <summary>Leases need a name of their own for every process; a new life of a container has the same one and takes its leases back at once.</summary>
    private static readonly Dictionary<string, string?> s_defaults = new()
    {
        ["Aggregator:Owner"] = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}:{Environment.ProcessId}"),
    };

    public static Command Create()
    {
        Command command = new("serve", """
            Run chosen roles as a service. Requests need an API key (metering keys create).

            Examples:
              metering serve --roles all --http 0.0.0.0:8888 --postgres "Host=db;…" --clickhouse http://ch:8123
              metering serve --roles ingest --kafka kafka1:9092,kafka2:9092 --postgres "Host=db;…" --http 0.0.0.0:8888
              metering serve --roles aggregator --kafka kafka1:9092 --postgres "Host=db;…" --clickhouse http://ch:8123
            """);
        Option<string[]> roles = new("--roles") { Description = "ingest, aggregator, query, billing or all", Required = true, AllowMultipleArgumentsPerToken = true, HelpName = "ROLES" };
        command.Options.Add(roles);
        ServerOptions options = new();
        options.AddTo(command);
        command.SetAction((parsed, token) => Running.GuardAsync(() => RunAsync(options.Configuration(parsed, s_defaults), parsed.GetValue(roles)!, token)));
        return command;
    }

    private static Task<int> RunAsync(IConfigurationRoot configuration, string[] names, CancellationToken cancellationToken)
    {
        Roles roles = RoleNames.Parse(names);
        if (configuration.GetValue<bool?>("RequireApiKey") == false)
        {
            throw new SettingsException("RequireApiKey=false: 'serve' does not run without API keys; 'metering up' does, on this machine only.");
        }

        if (KafkaSettings.Of(configuration) is null)
        {
            Require(roles.HasFlag(Roles.Ingest) == roles.HasFlag(Roles.Aggregator), "--roles: the embedded log lives in one process, so ingest and aggregator run together on it. Name a cluster with --kafka.");
        }
        else
        {
            MeteringSettings settings = Running.Settings(configuration);
            Require(!MeteringSettings.IsAddress(settings.Postgres), "--postgres: processes that share a Kafka cluster share one PostgreSQL; give its connection string.");
            Require(roles == Roles.Ingest || !MeteringSettings.IsAddress(settings.ClickHouse), "--clickhouse: processes that share a Kafka cluster share one ClickHouse; give its URL.");
        }

        return UpCommand.RunAsync(configuration, roles, cancellationToken);
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new SettingsException(otherwise);
        }
    }
}
