using System.Diagnostics.Metrics;
using Metering.Aggregator.Engine.Flushing;

namespace Metering.Aggregator.Telemetry;

/// <summary>The aggregator's instruments. Added to once per flush, never per event.</summary>
public sealed class AggregatorMetrics
{
    public const string MeterName = "Metering.Aggregator";

    private readonly Counter<long> _events;
    private readonly Counter<long> _rounded;
    private readonly Histogram<double> _flushDuration;
    private readonly Counter<long> _seals;
    private readonly Counter<long> _findings;
    private readonly Counter<long> _corrections;
    private readonly Counter<long> _moved;
    private readonly Gauge<double> _sealLag;
    private readonly Gauge<double> _watermarkLag;

    public AggregatorMetrics(IMeterFactory factory)
    {
        Meter meter = factory.Create(MeterName);
        _events = meter.CreateCounter<long>("metering.aggregator.events", "{event}", "Records taken from the log, by what became of them.");
        _rounded = meter.CreateCounter<long>("metering.aggregator.values.rounded", "{event}", "Events whose value had more than 12 decimal places.");
        _flushDuration = meter.CreateHistogram(
            "metering.aggregator.flush.duration", "s", "From built to visible.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] });
        _seals = meter.CreateCounter<long>("metering.aggregator.seals", "{seal}", "Seals written.");
        _findings = meter.CreateCounter<long>("metering.aggregator.audit.findings", "{finding}", "Differences the audit found.");
        _corrections = meter.CreateCounter<long>("metering.aggregator.corrections", "{correction}", "Rows of a seal for minutes that an earlier seal had sealed.");
        _moved = meter.CreateCounter<long>("metering.aggregator.records.moved", "{record}", "Records that reached the topic of a closed generation and were moved to the newest.");
        _watermarkLag = meter.CreateGauge<double>("metering.aggregator.watermark.lag", "s", "How far the slowest partition's clock is behind this one.");
        _sealLag = meter.CreateGauge<double>("metering.aggregator.seal.lag", "s", "How far the newest seal's boundary is behind the clock.");
    }

    public void Flushed(IEnumerable<Flush> flushes, TimeSpan elapsed)
    {
        _flushDuration.Record(elapsed.TotalSeconds);
        foreach (Flush flush in flushes)
        {
            _events.Add(flush.Accepted, new KeyValuePair<string, object?>("outcome", "accepted"));
            _events.Add(flush.Duplicates, new KeyValuePair<string, object?>("outcome", "duplicate"));
            _events.Add(flush.Dead, new KeyValuePair<string, object?>("outcome", "dead_letter"));
            _events.Add(flush.Problems, new KeyValuePair<string, object?>("outcome", "unusable_value"));
            _rounded.Add(flush.Rounded);
        }
    }

    public void Sealed(TimeSpan lag, long corrections)
    {
        _seals.Add(1);
        _corrections.Add(corrections);
        _sealLag.Record(lag.TotalSeconds);
    }

    public void Watermark(TimeSpan lag) => _watermarkLag.Record(lag.TotalSeconds);

    public void Moved(int records) => _moved.Add(records);

    public void Found(int findings) => _findings.Add(findings);
}
