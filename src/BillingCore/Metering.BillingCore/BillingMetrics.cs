using System.Diagnostics.Metrics;
using Metering.Billing.Postgres.Runs;

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
    private readonly Gauge<long> _waiting;
    private readonly Gauge<double> _waited;

    public BillingMetrics(IMeterFactory factory)
    {
        Meter meter = factory.Create(MeterName);
        _relayed = meter.CreateCounter<long>("metering.outbox.messages.relayed", "{message}", "Messages that are durable in the log and marked.");
        _refused = meter.CreateCounter<long>("metering.outbox.messages.refused", "{message}", "Messages that the log did not take; they are sent again.");
        _pending = meter.CreateGauge<long>("metering.outbox.message.pending", "{message}", "Messages that wait for the relay.");
        _age = meter.CreateGauge<double>("metering.outbox.oldest.age", "s", "How long the oldest of them waits.");
        _waiting = meter.CreateGauge<long>("metering.billing.draft.waiting", "{draft}", "Drafts that are due and wait, by reason: unsealed, filling or unpriced.");
        _waited = meter.CreateGauge<double>("metering.billing.draft.oldest.age", "s", "For how long the oldest of them is due; 0 when none waits.");
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

    /// <param name="waits">Of all tenants.</param>
    public void DraftsWait(IReadOnlyCollection<DraftWait> waits, DateTimeOffset now)
    {
        foreach (WaitReason reason in Enum.GetValues<WaitReason>())
        {
            DraftWait[] same = [.. waits.Where(wait => wait.Reason == reason)];
            KeyValuePair<string, object?> tag = new("reason", NameOf(reason));
            _waiting.Record(same.Sum(wait => wait.Drafts), tag);
            _waited.Record(same.Length == 0 ? 0 : (now - same.Min(wait => wait.Oldest)).TotalSeconds, tag);
        }
    }

    /// <summary>As it is on the wire, too.</summary>
    public static string NameOf(WaitReason reason) => reason switch
    {
        WaitReason.Unsealed => "unsealed",
        WaitReason.Filling => "filling",
        WaitReason.Unpriced => "unpriced",
    };

    public void ClockMoved(int subscriptions) => _moved.Add(subscriptions);
}
