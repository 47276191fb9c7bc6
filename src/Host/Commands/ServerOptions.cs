using System.CommandLine;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary>The options of every command that runs a server, and how they are laid over file and environment.</summary>
internal sealed class ServerOptions
{
    private readonly Option<string?> _data = new("--data") { Description = "Data folder (default: metering in the user's data directory)", HelpName = "DIR" };
    private readonly Option<string?> _http = new("--http") { Description = "Where to serve HTTP (default 127.0.0.1:8888; port 0 picks a free one)", HelpName = "HOST:PORT" };
    private readonly Option<string?> _grpc = new("--grpc") { Description = "Where to serve gRPC (default 127.0.0.1:8889)", HelpName = "HOST:PORT" };

    private readonly Option<string?> _clickHouse = new("--clickhouse")
    {
        Description = "Where to run the embedded ClickHouse (default 127.0.0.1:8123), or the URL of a server to use instead",
        HelpName = "HOST:PORT|URL",
    };

    private readonly Option<string?> _postgres = new("--postgres")
    {
        Description = "Where to run the embedded PostgreSQL (default 127.0.0.1:5433), or a connection string to use instead",
        HelpName = "HOST:PORT|STRING",
    };

    private readonly Option<string?> _kafka = new("--kafka") { Description = "Brokers of a Kafka cluster to use instead of the embedded log", HelpName = "HOST:PORT,…" };
    private readonly Option<string?> _config = new("--config") { Description = "Settings file (default: metering.json, when it is there)", HelpName = "FILE" };
    private readonly Option<string?> _logLevel = new("--log-level") { Description = "trace, debug, information, warning, error", HelpName = "LEVEL" };

    public void AddTo(Command command)
    {
        foreach (Option<string?> option in All())
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Only what says where PostgreSQL is.</summary>
    public void AddPostgresTo(Command command)
    {
        command.Options.Add(_postgres);
        command.Options.Add(_data);
        command.Options.Add(_config);
    }

    /// <summary>File, then environment, then command line.</summary>
    /// <exception cref="SettingsException">The settings file is missing or unreadable.</exception>
    public IConfigurationRoot Configuration(ParseResult parsed, IReadOnlyDictionary<string, string?>? defaults = null)
    {
        string? file = parsed.GetValue(_config);
        if (file is not null && !File.Exists(file))
        {
            throw new SettingsException($"--config {file}: there is no such file.");
        }

        Dictionary<string, string?> given = [];
        foreach (Option<string?> option in All())
        {
            if (parsed.GetValue(option) is { } value)
            {
                given[option == _kafka ? KafkaSettings.BootstrapServers : option.Name.TrimStart('-').Replace("-", "", StringComparison.Ordinal)] = value;
            }
        }

        return new ConfigurationBuilder()
            .AddInMemoryCollection(defaults ?? new Dictionary<string, string?>())
            .AddJsonFile(Path.GetFullPath(file ?? "metering.json"), optional: file is null)
            .AddEnvironmentVariables("METERING_")
            .AddInMemoryCollection(given)
            .Build();
    }

    private Option<string?>[] All() => [_data, _http, _grpc, _clickHouse, _postgres, _kafka, _config, _logLevel];
}
