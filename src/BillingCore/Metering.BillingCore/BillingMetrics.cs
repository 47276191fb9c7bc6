using System.Diagnostics.Metrics;

namespace Metering.BillingCore;

/// <summary>The instruments of the billing role's jobs.</summary>
internal sealed class BillingMetrics
{
    public const string MeterName = "Metering.Billing";

    private readonly Counter<long> _relayed;
    private readonly Counter<long> _refused;
    private readonly Gauge<long> _pending;
    private readonly Gauge<double> _age;
    private readonly Counter<long> _moved;

    public BillingMetrics(IMeterFactory factory)
    {
        Meter meter = factory.Create(MeterName);
        _relayed = meter.CreateCounter<long>("metering.outbox.messages.relayed", "{message}", "Messages that are durable in the log and marked.");
        _refused = meter.CreateCounter<long>("metering.outbox.messages.refused", "{message}", "Messages that the log did not take; they are sent again.");
        _pending = meter.CreateGauge<long>("metering.outbox.message.pending", "{message}", "Messages that wait for the relay.");
        _age = meter.CreateGauge<double>("metering.outbox.oldest.age", "s", "How long the oldest of them waits.");
        _moved = meter.CreateCounter<long>("metering.subscriptions.clock.moved", "{subscription}", "Subscriptions that time moved.");
    }

    public void Relayed(int relayed, int refused)
    {
        _relayed.Add(relayed);
        _refused.Add(refused);
    }

    public void Backlog(long pending, TimeSpan oldest)
    {
        _pending.Record(pending);
        _age.Record(oldest.TotalSeconds);
    }

    public void ClockMoved(int subscriptions) => _moved.Add(subscriptions);
}
