using Metering.Contracts;
using Metering.EventLog;
using Metering.EventLog.Kafka;
using Microsoft.Extensions.Logging.Abstractions;

namespace Metering.LoadGenerator.Kafka;

/// <summary>All measurements, one after the other, so that the ratios come from one run on one machine.</summary>
internal static class KafkaRun
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(200);

    public static async Task<int> RunAsync(KafkaRunOptions options, CancellationToken cancellationToken)
    {
        Tell("starting brokers, stores and a querying process");
        await using Deployment deployment = await Deployment.StartAsync(options.Partitions, cancellationToken);
        UsageProbe probe = await UsageProbe.CreateAsync(deployment.Api, deployment.Sql, cancellationToken);
        SampleUsage usage = new(options.Events);

        Tell("filling the topic");
        TimeSpan written = await WriteAsync(deployment, usage, options, cancellationToken);
        Tell("reading it with a bare consumer");
        TimeSpan read = await Task.Run(() => BareConsumer.Read(Topics.UsageEvents, options.Partitions, options.Events, deployment.Log, cancellationToken), cancellationToken);
        Tell("counting it");
        CatchUpResult caughtUp = await CatchUp.RunAsync(deployment, probe, options, cancellationToken);
        await RestAsync(deployment.Sql, cancellationToken);
        Tell("ClickHouse's own route for the same events");
        OwnRouteResult own = await OwnRoute.RunAsync(deployment, usage, cancellationToken);
        await RestAsync(deployment.Sql, cancellationToken);
        Tell("freshness; ends when the last sampled minute is sealed");
        FreshnessResult freshness = await Freshness.MeasureAsync(deployment, probe, options, cancellationToken);
        KafkaReport.Print(options, written, read, caughtUp, own, freshness);
        return 0;
    }

    private static async Task<TimeSpan> WriteAsync(Deployment deployment, SampleUsage usage, KafkaRunOptions options, CancellationToken cancellationToken)
    {
        await using KafkaEventLog log = KafkaEventLog.Open(deployment.Log, TimeProvider.System, NullLoggerFactory.Instance);
        await using ITopic topic = await log.OpenAsync(new TopicSpec(Topics.UsageEvents, options.Partitions), cancellationToken);
        return await TopicWriter.WriteAsync(topic, usage, cancellationToken);
    }

    /// <summary>Returns when ClickHouse has merged what the last measurement left, so that the next one does not pay for it.</summary>
    private static async Task RestAsync(SqlClient sql, CancellationToken cancellationToken)
    {
        while (await sql.ScalarAsync("SELECT toInt64(count()) FROM system.merges", cancellationToken) > 0)
        {
            await Task.Delay(s_poll, cancellationToken);
        }
    }

    private static void Tell(string step) => Console.Error.WriteLine($"{DateTimeOffset.UtcNow:HH:mm:ss} {step}");
}
