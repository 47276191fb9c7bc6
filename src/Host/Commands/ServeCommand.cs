using System.CommandLine;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary><c>metering serve</c>: chosen roles, for a deployment. API keys are always required.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        Command command = new("serve", """
            Run chosen roles as a service. Requests need an API key (metering keys create).

            Examples:
              metering serve --roles all --http 0.0.0.0:8888 --postgres "Host=db;…" --clickhouse http://ch:8123
            """);
        Option<string[]> roles = new("--roles") { Description = "ingest, aggregator, query or all", Required = true, AllowMultipleArgumentsPerToken = true, HelpName = "ROLES" };
        command.Options.Add(roles);
        ServerOptions options = new();
        options.AddTo(command);
        command.SetAction((parsed, token) => Running.GuardAsync(() => RunAsync(options.Configuration(parsed), parsed.GetValue(roles)!, token)));
        return command;
    }

    private static Task<int> RunAsync(IConfigurationRoot configuration, string[] names, CancellationToken cancellationToken)
    {
        Roles roles = RoleNames.Parse(names);
        if (configuration.GetValue<bool?>("RequireApiKey") == false)
        {
            throw new SettingsException("RequireApiKey=false: 'serve' does not run without API keys; 'metering up' does, on this machine only.");
        }

        if (roles.HasFlag(Roles.Ingest) != roles.HasFlag(Roles.Aggregator))
        {
            throw new SettingsException("--roles: the embedded log lives in one process, so ingest and aggregator run together on it.");
        }

        return UpCommand.RunAsync(configuration, roles, cancellationToken);
    }
}
