using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Metering.Ingest.Publishing;

namespace Metering.Ingest.Telemetry;

/// <summary>The component's instruments. All are added to once a batch, never once an event.</summary>
internal sealed class IngestMetrics
{
    public const string MeterName = "Metering.Ingest";

    private readonly Counter<long> _events;
    private readonly Histogram<long> _requestSize;
    private readonly Histogram<int> _requestEvents;
    private readonly Histogram<double> _publishDuration;

    public IngestMetrics(IMeterFactory meters, InFlightBytes inFlight)
    {
        Meter meter = meters.Create(MeterName);
        _events = meter.CreateCounter<long>("metering.ingest.events", "{event}", "Events by what became of them.");
        _requestSize = meter.CreateHistogram<long>("metering.ingest.request.size", "By", "Request bodies after decompression.");
        _requestEvents = meter.CreateHistogram<int>("metering.ingest.request.events", "{event}", "Events of a request.");
        _publishDuration = meter.CreateHistogram<double>(
            "metering.ingest.publish.duration", "s", "Waiting for the log to have a batch.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] });
        meter.CreateObservableUpDownCounter("metering.ingest.inflight.size", () => inFlight.Current, "By", "Requests being read or waiting for the log.");
    }

    public void Accepted(int events) => Add(events, "accepted");

    public void Invalid(int events) => Add(events, "invalid");

    /// <summary>Events that could not be stored.</summary>
    public void Failed(int events) => Add(events, "failed");

    /// <summary>A refused request counts as one: its events have not been read.</summary>
    public void Throttled() => Add(1, "throttled");

    public void Request(long bytes, int events)
    {
        if (_requestSize.Enabled || _requestEvents.Enabled)
        {
            RequestCore(bytes, events);
        }
    }

    public void Published(TimeSpan duration, PublishOutcome outcome)
    {
        if (_publishDuration.Enabled)
        {
            PublishedCore(duration, outcome);
        }
    }

    private void Add(int events, string outcome)
    {
        if (events > 0 && _events.Enabled)
        {
            AddCore(events, outcome);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddCore(int events, string outcome) => _events.Add(events, new KeyValuePair<string, object?>("outcome", outcome));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RequestCore(long bytes, int events)
    {
        _requestSize.Record(bytes);
        _requestEvents.Record(events);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void PublishedCore(TimeSpan duration, PublishOutcome outcome) => _publishDuration.Record(
        duration.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome == PublishOutcome.Stored ? "stored" : "failed"));
}
