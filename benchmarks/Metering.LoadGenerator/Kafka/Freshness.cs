namespace Metering.LoadGenerator.Kafka;

/// <param name="Rate">Events per second that were sent.</param>
/// <param name="Queryable">From acknowledged to queryable, ms.</param>
/// <param name="Sealed">From acknowledged to its minute being sealed, ms: the rest of the minute is part of it.</param>
/// <param name="AfterMinute">From the end of each minute to its seal, ms.</param>
internal sealed record FreshnessResult(double Rate, IReadOnlyCollection<double> Queryable, IReadOnlyCollection<double> Sealed, IReadOnlyCollection<double> AfterMinute);

/// <summary>How old usage is when it can be asked for and when it is final, while events come at a steady rate.</summary>
internal static class Freshness
{
    private const int Connections = 4;
    private const int Batch = 100;
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    public static async Task<FreshnessResult> MeasureAsync(Deployment deployment, UsageProbe probe, KafkaRunOptions options, CancellationToken cancellationToken)
    {
        await using RoleProcess ingest = await deployment.StartIngestAsync();
        List<RoleProcess> aggregators = await deployment.StartAggregatorsAsync(options.Aggregators, ("METERING_Aggregator__AllowedLateness", "00:00:00"));
        List<HttpSender> senders = [];
        try
        {
            string key = await deployment.KeyAsync(LoadOptions.Tenant);
            for (int i = 0; i < Connections; i++)
            {
                senders.Add(await HttpSender.ConnectAsync(ingest.Http, EventTemplate.Json(Batch, i, time: null), key));
            }

            using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Schedule schedule = new(Load(ingest.Http, options), firstId: 0, stop.Token);
            SealWatch seals = new(deployment.Sql);
            Task load = schedule.SendAsync(senders, cancellationToken), watch = seals.RunAsync(stop.Token);
            Task<FreshnessResult> sample = SampleAsync(seals, probe, schedule, options.Sampling, cancellationToken);
            await await Task.WhenAny(load, watch, sample); // a load or a watch that fails ends the wait for its effect
            await stop.CancelAsync();
            await Task.WhenAll(load, watch);
            return await sample;
        }
        finally
        {
            await Task.WhenAll(senders.Select(one => one.DisposeAsync().AsTask()).Concat(aggregators.Select(one => one.DisposeAsync().AsTask())));
        }
    }

    private static async Task<FreshnessResult> SampleAsync(SealWatch seals, UsageProbe probe, Schedule schedule, TimeSpan sampling, CancellationToken cancellationToken)
    {
        // The first seal also folds everything that was caught up with before.
        await seals.WaitAsync(DateTimeOffset.UtcNow - s_minute, cancellationToken);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(sampling);
        List<ProbedEvent> probed = await probe.MeasureAsync(end.Token);
        await seals.WaitAsync(probed[^1].Time, cancellationToken);
        return new FreshnessResult(
            schedule.Sent / schedule.Elapsed.TotalSeconds,
            [.. probed.Select(one => one.Queryable.TotalMilliseconds)],
            [.. probed.Select(one => (seals.SealOf(one.Time)!.Value.SeenAt - one.Acknowledged).TotalMilliseconds)],
            [.. probed.Select(one => EndOfMinute(one.Time)).Distinct().Select(minute => (seals.SealOf(minute.AddTicks(-1))!.Value.SeenAt - minute).TotalMilliseconds)]);
    }

    private static DateTimeOffset EndOfMinute(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % s_minute.Ticks) + s_minute.Ticks, TimeSpan.Zero);

    private static LoadOptions Load(Uri ingest, KafkaRunOptions options) => new()
    {
        IsGrpc = false,
        Url = ingest,
        Api = ingest,
        ClickHouse = null,
        Batch = Batch,
        Connections = Connections,
        Events = long.MaxValue,
        Rate = options.Rate,
        ProcessId = null,
    };
}
