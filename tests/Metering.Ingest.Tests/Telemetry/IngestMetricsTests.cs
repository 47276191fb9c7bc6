using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Metering.Ingest.Tests.Support;
using Metering.V1;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Metering.Ingest.Tests.Telemetry;

public class IngestMetricsTests
{
    [Fact]
    public async Task Every_event_is_counted_with_its_outcome_once_a_batch()
    {
        await using IngestServer server = await IngestServer.StartAsync(options => options.MaxInFlightBytes = options.MaxBodyBytes = 128 * 1024);
        using Recorder recorder = new(server.Services.GetRequiredService<IMeterFactory>());
        await server.PostAsync("/v1/events", $"[{Events.Json("a")},{{}},{Events.Json("b")}]");
        await new UsageIngest.UsageIngestClient(server.Channel).IngestAsync(Messages.Batch(4));
        server.Topic.Fails = record => record.Id == "0";
        await server.PostAsync("/v1/events", Events.Array(3));
        await server.PostAsync("/v1/events", Events.Array(3) + "x");
        Assert.Equal(2 + 4 + 2, recorder.Sum("metering.ingest.events", "accepted"));
        Assert.Equal(1 + 1, recorder.Sum("metering.ingest.events", "invalid"));
        Assert.Equal(1, recorder.Sum("metering.ingest.events", "failed"));
        Assert.Equal(3, recorder.Count("metering.ingest.request.size"));
        Assert.Equal(3, recorder.Count("metering.ingest.publish.duration"));
    }

    private sealed class Recorder : IDisposable
    {
        private readonly ConcurrentBag<(string Name, double Value, string? Outcome)> _seen = [];
        private readonly MeterListener _listener = new();

        public Recorder(IMeterFactory meters)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "Metering.Ingest" && instrument.Meter.Scope == meters)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
            _listener.Start();
        }

        public double Sum(string name, string outcome) => _seen.Where(m => m.Name == name && m.Outcome == outcome).Sum(m => m.Value);

        public int Count(string name) => _seen.Count(m => m.Name == name);

        public void Dispose() => _listener.Dispose();

        private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            _seen.Add((instrument.Name, value, tags.Length > 0 ? tags[0].Value?.ToString() : null));
    }
}
