using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Metering.LoadGenerator;

/// <summary>One measurement: send, wait until all of it can be queried, tell.</summary>
internal static class Run
{
    public static async Task<int> RunAsync(LoadOptions options, CancellationToken cancellationToken)
    {
        using HttpClient api = new() { BaseAddress = options.Api };
        using SqlClient? sql = options.ClickHouse is null ? null : new SqlClient(options.ClickHouse);
        UsageProbe? probe = sql is null ? null : await UsageProbe.CreateAsync(api, sql, cancellationToken);
        List<ISender> senders = [];
        for (int i = 0; i < options.Connections; i++)
        {
            senders.Add(await SenderAsync(options, i));
        }

        // Ids go on from the clock, so that a second run on the same server sends other events.
        long firstId = DateTimeOffset.UtcNow.ToUnixTimeSeconds() % 10_000_000 * 100_000;
        using CancellationTokenSource sending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<List<ProbedEvent>>? freshness = options.Rate > 0 ? probe?.MeasureAsync(sending.Token) : null;
        TimeSpan busyBefore = ServerProcesses.Busy(options.ProcessId);
        long started = Stopwatch.GetTimestamp();
        Schedule schedule = new(options, firstId, CancellationToken.None);
        await schedule.SendAsync(senders, cancellationToken);
        TimeSpan acknowledged = Stopwatch.GetElapsedTime(started);
        await sending.CancelAsync();
        List<double> latencies = freshness is null ? [] : [.. (await freshness).Select(one => one.Queryable.TotalMilliseconds)];
        TimeSpan? queryable = null;
        if (probe is not null)
        {
            await probe.WaitAsync(schedule.Sent, cancellationToken);
            queryable = Stopwatch.GetElapsedTime(started);
        }

        TimeSpan busy = ServerProcesses.Busy(options.ProcessId) - busyBefore;
        foreach (ISender sender in senders)
        {
            await sender.DisposeAsync();
        }

        Print(options, schedule.Sent, acknowledged, queryable, latencies, busy);
        return 0;
    }

    private static async Task<ISender> SenderAsync(LoadOptions options, int seed) => options.IsGrpc
        ? new GrpcSender(options.Url, EventTemplate.Protobuf(options.Batch, seed))
        : await HttpSender.ConnectAsync(options.Url, EventTemplate.Json(options.Batch, seed, DateTimeOffset.UtcNow), key: null);

    private static void Print(LoadOptions options, long sent, TimeSpan acknowledged, TimeSpan? queryable, List<double> latencies, TimeSpan busy)
    {
        Table table = new();
        table.AddColumns("mode", "batch", "connections", "events", "acknowledged/s", "through to queryable/s", "acknowledged → queryable p50 / p99 / max ms", "server CPU µs/event", "server MiB");
        table.AddRow(
            (options.IsGrpc ? "grpc" : "http") + (options.Rate > 0 ? string.Create(CultureInfo.InvariantCulture, $" at {options.Rate:N0}/s") : ""),
            Figures.Text(options.Batch),
            Figures.Text(options.Connections),
            Figures.Text(sent),
            Figures.Text(sent / acknowledged.TotalSeconds),
            queryable is { } whole ? Figures.Text(sent / whole.TotalSeconds) : "–",
            latencies.Count == 0 ? "–" : Figures.Spread(latencies),
            options.ProcessId is null ? "–" : Figures.Fine(busy.TotalMicroseconds / sent),
            options.ProcessId is { } id ? Figures.Text(Process.GetProcessById(id).WorkingSet64 / 1024.0 / 1024.0) : "–");
        AnsiConsole.Profile.Width = 200;
        AnsiConsole.Write(table);
    }
}
