using System.CommandLine;
using System.Globalization;
using Metering.Embedded.Packages;
using Metering.Host.Composition;
using Metering.Host.Demo;
using Metering.Host.Settings;
using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary><c>metering demo</c>: everything at work on generated usage, and the proof that it is exact.</summary>
internal sealed class DemoCommand
{
    private readonly Option<bool> _once = new("--once") { Description = "Stop when everything is shown; on free ports and without leaving a file, unless told otherwise" };
    private readonly Option<int> _seed = new("--seed") { Description = "Another seed is other usage (default 1)", HelpName = "N", DefaultValueFactory = _ => 1 };
    private readonly Option<int> _events = new("--events") { Description = "How many events (default 150000)", HelpName = "N", DefaultValueFactory = _ => 150_000 };
    private readonly ServerOptions _server = new();

    public static Command Create()
    {
        DemoCommand demo = new();
        Command command = new("demo", """
            Run everything on this machine and send it a few minutes of generated LLM usage.

            Retries, late and broken events, a void and an amendment are part of it. Ends with the totals, the audit, and a comparison with what the
            generator itself added up, and prices what is sealed with two versions of a price book; then it keeps serving, for you to try things. Without
            --data its files are deleted at the end.

            Examples:
              metering demo
              metering demo --once
              metering demo --seed 7 --events 1000000 --data ./demo-data
            """);
        command.Options.Add(demo._once);
        command.Options.Add(demo._seed);
        command.Options.Add(demo._events);
        demo._server.AddTo(command);
        command.SetAction((parsed, token) => Running.GuardAsync(() => demo.RunAsync(parsed, token)));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        int events = parsed.GetValue(_events);
        if (events is < 60 or > 10_000_000)
        {
            throw new SettingsException($"--events {events}: expected 60 to 10000000.");
        }

        string temporary = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"metering-demo-{Environment.ProcessId}"));
        try
        {
            return await RunAsync(parsed, events, temporary, cancellationToken);
        }
        finally
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }
        }
    }

    private async Task<int> RunAsync(ParseResult parsed, int events, string temporary, CancellationToken cancellationToken)
    {
        TimeProvider time = TimeProvider.System;
        bool once = parsed.GetValue(_once);
        IAnsiConsole console = Terminal.Out();
        await FetchEnginesAsync(Running.Settings(_server.Configuration(parsed)), time, cancellationToken);
        DemoTimeline timeline = DemoTimeline.Plan(time.GetUtcNow(), events);
        IConfigurationRoot configuration = _server.Configuration(parsed, Defaults(once, temporary, timeline));
        MeteringSettings settings = Running.Settings(configuration);
        string tenant = Tenant(settings.Data, time);
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"Starting. A minute is sealed {timeline.AllowedLateness:m\\:ss} after its end, so {timeline.SealedUpto.AddMinutes(-1):HH:mm} is sealed at {timeline.SealsAt:HH:mm:ss} (UTC)."));
        await using MeteringServer server = await MeteringServer.StartAsync(settings, Roles.All, configuration, cancellationToken);
        using DemoRun run = new(server, new DemoSettings(once, parsed.GetValue(_seed), events, tenant), timeline, time, console);
        bool isGood = await run.RunAsync(cancellationToken);
        if (!once)
        {
            await server.WaitForShutdownAsync(cancellationToken);
        }

        return isGood ? ExitCode.Success : ExitCode.Failed;
    }

    /// <summary>A download would upset the times that are planned next.</summary>
    private static async Task FetchEnginesAsync(MeteringSettings settings, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!MeteringSettings.IsAddress(settings.ClickHouse))
        {
            return;
        }

        EngineCache cache = EngineCache.Open(NullLoggerFactory.Instance, time);
        Task<string> clickHouse = cache.GetAsync(EnginePackage.ClickHouse, cancellationToken);
        if (!clickHouse.IsCompleted)
        {
            await Console.Error.WriteLineAsync($"Fetching ClickHouse ({EnginePackage.ClickHouse.DownloadMegabytes} MB, once) …");
        }

        await clickHouse;
    }

    /// <summary>Things that take minutes in earnest happen within seconds here.</summary>
    private static Dictionary<string, string?> Defaults(bool once, string temporary, DemoTimeline timeline)
    {
        Dictionary<string, string?> defaults = new()
        {
            ["RequireApiKey"] = "false",
            ["LogLevel"] = "warning",
            ["Data"] = temporary,
            ["Aggregator:Owner"] = "demo",
            ["Aggregator:AllowedLateness"] = timeline.AllowedLateness.ToString("c", CultureInfo.InvariantCulture),
            ["Aggregator:SealInterval"] = "00:00:01",
            ["Aggregator:TickInterval"] = "00:00:00.500",
            ["Aggregator:TickFlushInterval"] = "00:00:00.500",
        };
        if (once)
        {
            foreach (string listen in new[] { "Http", "Grpc", "ClickHouse", "Postgres" })
            {
                defaults[listen] = "127.0.0.1:0";
            }
        }

        return defaults;
    }

    /// <summary>On data that is there already, the demo is a tenant of its own: its totals must be nobody else's.</summary>
    private static string Tenant(string data, TimeProvider time) => Directory.Exists(data) && Directory.EnumerateFileSystemEntries(data).Any()
        ? string.Create(CultureInfo.InvariantCulture, $"demo-{time.GetUtcNow():yyyyMMdd-HHmmss}")
        : DemoRun.DefaultTenant;
}
