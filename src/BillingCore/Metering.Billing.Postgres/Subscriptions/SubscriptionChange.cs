using System.Text;
using System.Text.Json;
using System.Buffers;
using Metering.Billing.Postgres.Audit;
using Metering.Billing.Postgres.Outbox;
using Metering.Billing.Postgres.Runs;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Subscriptions;

namespace Metering.Billing.Postgres.Subscriptions;

/// <summary>What happens to one subscription in one transaction: the decisions, and what they come to. Recorded with an audit row and a message for each.</summary>
/// <param name="Before">As it was read, held.</param>
public sealed record SubscriptionChange(StoredSubscription Before, StoredSubscription After, IReadOnlyList<(Decision Decision, string Actor)> Decisions)
{
    /// <summary>Who did what time brought.</summary>
    public const string Clock = "clock";

    public static SubscriptionChange Of(StoredSubscription stored) => new(stored, stored, []);

    public SubscriptionChange With(Decision decision, string actor, DateTimeOffset now) =>
        decision.Facts.Count == 0 ? this : this with { After = After.After(decision, now), Decisions = [.. Decisions, (decision, actor)] };

    /// <summary>With all that is due by then. What is asked for comes after what time has brought, also when the clock has not looked yet.</summary>
    /// <param name="until">At or before <paramref name="now"/>'s minute.</param>
    public SubscriptionChange CaughtUp(DateTimeOffset until, Standing standing, DateTimeOffset now)
    {
        SubscriptionChange change = this;
        while (change.After.Now.Due(until, standing) is { IsApplied: true } due)
        {
            change = change.With(due, Clock, now);
        }

        return change;
    }

    /// <summary>Stores them all: state and facts, audit rows and messages.</summary>
    public static async Task RecordAsync(TenantTransaction transaction, IReadOnlyList<SubscriptionChange> changes, DateTimeOffset now, CancellationToken cancellationToken)
    {
        SubscriptionChange[] real = [.. changes.Where(change => change.Decisions.Count > 0)];
        if (real.Length == 0)
        {
            return;
        }

        await SubscriptionStore.SaveAsync(transaction, [.. real.Select(change => (change.Before, change.After))], cancellationToken);
        await DirtyPeriods.MarkAsync(transaction, [.. real.Select(change => (change.After, change.Decisions.Min(one => one.Decision.At)))], now, cancellationToken);
        await AuditLog.AddAsync(transaction, [.. real.SelectMany(change => change.Audit())], now, cancellationToken);
        await OutboxStore.AddAsync(transaction, [.. real.SelectMany(change => change.Messages())], now, cancellationToken);
    }

    private string Subject => $"subscription:{Before.Id}";

    private IEnumerable<AuditEntry> Audit() => Decisions.Select(one => new AuditEntry(one.Actor, NameOf(one.Decision), Subject, Json(json =>
    {
        json.WriteString("effective_at", one.Decision.At);
        json.WriteStartArray("facts");
        foreach (SubscriptionFact fact in one.Decision.Facts)
        {
            json.WriteStartObject();
            SubscriptionJson.Write(json, fact);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteEffects(json, one.Decision);
    })));

    private IEnumerable<OutboxMessage> Messages()
    {
        Subscription now = Before.Now;
        foreach ((Decision decision, _) in Decisions)
        {
            now = now.With(decision.Facts);
            yield return new OutboxMessage(Subject, NameOf(decision), MessageBody(now, decision));
        }
    }

    private string MessageBody(Subscription now, Decision decision) => Json(json =>
    {
        json.WriteString("subscription", Before.Id);
        json.WriteString("reference", Before.Reference);
        json.WriteString("customer", Before.Customer);
        json.WriteNumber("revision", now.Version);
        json.WriteString("effective_at", decision.At);
        json.WriteString("state", now.State.Text());
        json.WriteString("plan", now.Terms.Plan);
        WriteEffects(json, decision);
    });

    private static string NameOf(Decision decision) => $"subscription.{decision.Trigger?.Text() ?? (decision.Facts is [ZoneSet] ? "zone_set" : "followed")}";

    private static void WriteEffects(Utf8JsonWriter json, Decision decision)
    {
        json.WriteStartArray("effects");
        foreach (Effect effect in decision.Effects)
        {
            json.WriteStringValue(effect.Text());
        }

        json.WriteEndArray();
    }

    private static string Json(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter json = new(output))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
