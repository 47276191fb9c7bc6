using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Telemetry;
using Metering.Aggregator.Tests.Harness;
using Xunit;

namespace Metering.Aggregator.Tests;

/// <summary>What an operator watches: outcomes, corrections, and how far behind the clock everything is.</summary>
public sealed class MetricTests(Engines engines)
{
    [Fact]
    public async Task Outcomes_and_corrections_are_counted()
    {
        ConcurrentDictionary<string, double> sums = new();
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == AggregatorMetrics.MeterName)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            sums.AddOrUpdate(instrument.Name + (tags.Length > 0 ? $" {tags[0].Value}" : ""), value, (_, sum) => sum + value));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => sums[instrument.Name] = value);
        listener.Start();

        await using Pipeline pipeline = await Pipeline.StartAsync(await engines.NewPlaceAsync());
        await MeterSetup.CreateAsync(pipeline.Postgres, "total", Aggregation.Sum);
        DateTimeOffset past = DateTimeOffset.UtcNow.AddHours(-1);
        await pipeline.AppendAsync([Sent.Use("a", 1, time: past), Sent.Use("a", 1, time: past), Sent.Use("a", 2, time: past)]);
        await pipeline.SettleAsync();
        for (int late = 0; late < 150 && sums.GetValueOrDefault("metering.aggregator.corrections") == 0; late++)
        {
            await pipeline.AppendAsync([Sent.Use($"late-{late}", 1, time: past)]);
            await Task.Delay(1000);
        }

        Assert.Equal(1, sums["metering.aggregator.events duplicate"]);
        Assert.Equal(1, sums["metering.aggregator.events dead_letter"]);
        Assert.True(sums["metering.aggregator.events accepted"] >= 2);
        Assert.True(sums["metering.aggregator.corrections"] >= 1, string.Join(", ", sums));
        Assert.InRange(sums["metering.aggregator.watermark.lag"], -5, 60);
        Assert.True(sums.ContainsKey("metering.aggregator.flush.duration"));
    }
}
