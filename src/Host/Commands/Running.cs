using System.ComponentModel.DataAnnotations;
using Metering.Aggregator.Generations;
using Metering.Embedded;
using Metering.EventLog;
using Metering.Host.Client;
using Metering.Host.Composition;
using Metering.Host.Import;
using Metering.Host.Settings;
using Metering.Storage.Migrations;
using Microsoft.Extensions.Options;

namespace Metering.Host.Commands;

/// <summary>Exit codes of every command: scripts may rely on them.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>It ran, and the answer is bad: the audit found a difference, some events were refused.</summary>
    public const int Failed = 1;

    /// <summary>It could not run: a setting, the command line, an engine, a server that does not answer.</summary>
    public const int CannotRun = 2;

    public const int Interrupted = 130;
}

/// <summary>What the commands share: settings, errors in one sentence, the line that says where everything is.</summary>
internal static class Running
{
    /// <summary>Turns what a person can mend into one sentence on standard error; everything else keeps its stack.</summary>
    public static async Task<int> GuardAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (ServerException refused)
        {
            await Console.Error.WriteLineAsync($"metering: {refused.Message}");
            return refused.ExitCode;
        }
        catch (Exception problem) when (problem is SettingsException or ImportException or EngineException or EventLogUnavailableException or EventLogCorruptException or TopicMismatchException or GrowthRefusedException
            or MigrationException or ValidationException or OptionsValidationException or IOException)
        {
            await Console.Error.WriteLineAsync($"metering: {problem.Message}");
            return ExitCode.CannotRun;
        }
    }

    public static MeteringSettings Settings(IConfiguration configuration)
    {
        MeteringSettings settings = new();
        configuration.Bind(settings);
        Validator.ValidateObject(settings, new ValidationContext(settings), validateAllProperties: true);
        settings.Data = Path.GetFullPath(settings.Data);
        return settings;
    }

    public static void Announce(MeteringServer server)
    {
        if (!server.Settings.RequireApiKey)
        {
            Console.Error.WriteLine("Requests need no API key: anybody on this machine can send and read usage.");
        }

        Console.WriteLine(
            $"metering is ready: http {server.HttpAddress}  grpc {server.GrpcAddress}  clickhouse {server.ClickHouseAddress}  postgres {server.PostgresAddress}  data {server.Settings.Data}");
    }
}
