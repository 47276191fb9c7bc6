using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Metering.LoadGenerator;

/// <summary>One measurement: send, wait until all of it can be queried, tell.</summary>
internal static class Run
{

    public static async Task<int> RunAsync(LoadOptions options, CancellationToken cancellationToken)
    {
        using UsageProbe? probe = options.ClickHouse is null ? null : await UsageProbe.CreateAsync(options, cancellationToken);
        List<ISender> senders = [];
        for (int i = 0; i < options.Connections; i++)
        {
            senders.Add(await SenderAsync(options, i));
        }

        // Ids go on from the clock, so that a second run on the same server sends other events.
        long firstId = DateTimeOffset.UtcNow.ToUnixTimeSeconds() % 10_000_000 * 100_000;
        using CancellationTokenSource sending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<List<double>>? freshness = options.Rate > 0 ? probe?.MeasureAsync(sending.Token) : null;
        TimeSpan busyBefore = ServerProcesses.Busy(options.ProcessId);
        long started = Stopwatch.GetTimestamp();
        Schedule schedule = new(options, firstId);
        await Task.WhenAll(senders.Select(sender => SendAllAsync(sender, schedule, cancellationToken)));
        TimeSpan acknowledged = Stopwatch.GetElapsedTime(started);
        await sending.CancelAsync();
        List<double> latencies = freshness is null ? [] : await freshness;
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
        : await HttpSender.ConnectAsync(options.Url, EventTemplate.Json(options.Batch, seed));

    private static async Task SendAllAsync(ISender sender, Schedule schedule, CancellationToken cancellationToken)
    {
        while (schedule.Next() is { } next)
        {
            TimeSpan early = next.Due - schedule.Elapsed;
            if (early > TimeSpan.Zero)
            {
                await Task.Delay(early, cancellationToken);
            }

            await sender.SendAsync(next.FirstId, cancellationToken);
        }

        await sender.FinishAsync();
    }

    private static void Print(LoadOptions options, long sent, TimeSpan acknowledged, TimeSpan? queryable, List<double> latencies, TimeSpan busy)
    {
        Table table = new();
        table.AddColumns("mode", "batch", "connections", "events", "acknowledged/s", "through to queryable/s", "acknowledged → queryable p50 / p99 / max ms", "server CPU µs/event", "server MiB");
        table.AddRow(
            (options.IsGrpc ? "grpc" : "http") + (options.Rate > 0 ? string.Create(CultureInfo.InvariantCulture, $" at {options.Rate:N0}/s") : ""),
            Text(options.Batch),
            Text(options.Connections),
            Text(sent),
            Text(sent / acknowledged.TotalSeconds),
            queryable is { } whole ? Text(sent / whole.TotalSeconds) : "–",
            latencies.Count == 0 ? "–" : $"{Text(At(latencies, 0.5))} / {Text(At(latencies, 0.99))} / {Text(latencies.Max())} of {latencies.Count}",
            options.ProcessId is null ? "–" : (busy.TotalMicroseconds / sent).ToString("N2", CultureInfo.InvariantCulture),
            options.ProcessId is { } id ? Text(Process.GetProcessById(id).WorkingSet64 / 1024.0 / 1024.0) : "–");
        AnsiConsole.Profile.Width = 200;
        AnsiConsole.Write(table);
    }

    private static double At(List<double> values, double quantile)
    {
        values.Sort();
        return values[(int)Math.Min(values.Count - 1, Math.Ceiling(values.Count * quantile) - 1)];
    }

    private static string Text(double value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

/// <summary>Which ids go next, and when they are due. Safe for concurrent use.</summary>
internal sealed class Schedule(LoadOptions options, long firstId)
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _taken;

    public long Sent => Math.Min(Interlocked.Read(ref _taken), options.Events / options.Batch) * options.Batch;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    /// <summary>Null when all are taken.</summary>
    public (long FirstId, TimeSpan Due)? Next()
    {
        long number = Interlocked.Increment(ref _taken) - 1;
        if (number >= options.Events / options.Batch)
        {
            return null;
        }

        return (firstId + (number * options.Batch), options.Rate > 0 ? TimeSpan.FromSeconds(number * options.Batch / options.Rate) : TimeSpan.Zero);
    }
}
