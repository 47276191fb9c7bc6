using System.Text;
using System.Text.Json;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Subscriptions;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Subscriptions;

/// <summary>Subscriptions on the wire.</summary>
internal static class SubscriptionBodies
{
    public static void Write(Utf8JsonWriter json, StoredSubscription stored)
    {
        Subscription now = stored.Now;
        json.WriteStartObject();
        json.WriteString("id", stored.Id);
        if (stored.Reference is { } reference)
        {
            json.WriteString("reference", reference);
        }

        json.WriteString("customer", stored.Customer);
        json.WriteString("state", now.State.Text());
        json.WriteNumber("revision", now.Version);
        json.WriteString("currency", stored.Currency.Code);
        json.WriteString("zone", now.Zone.Id);
        json.WriteString("anchor", stored.Anchor.ToString());
        json.WriteString("issuer", stored.Issuer);
        SubscriptionJson.WriteTerms(json, "terms", now.Terms);
        WriteTimes(json, now);
        WritePending(json, now);
        json.WriteInstant("bill_at", stored.BillAt);
        json.WriteStored("metadata", stored.Metadata);
        json.WriteInstant("created_at", stored.CreatedAt);
        json.WriteInstant("updated_at", stored.UpdatedAt);
        json.WriteEndObject();
    }

    /// <summary>What was done, and from which minute on.</summary>
    public static Answer Done(StoredSubscription stored, DateTimeOffset at, int status = 200) => Answer.Json(
        json =>
        {
            json.WriteStartObject();
            json.WriteInstant("effective_at", at);
            json.WritePropertyName("subscription");
            Write(json, stored);
            json.WriteEndObject();
        },
        status, BillingRequest.ETagOf(stored.Now.Version));

    public static Answer Of(StoredSubscription stored) => Answer.Json(json => Write(json, stored), etag: BillingRequest.ETagOf(stored.Now.Version));

    /// <summary>Every fact, with when it was recorded.</summary>
    public static Answer History(StoredSubscription stored) => Answer.Json(
        json =>
        {
            json.WriteStartObject();
            json.WriteString("id", stored.Id);
            json.WriteStored("draft", Encoding.UTF8.GetString(SubscriptionJson.Bytes(stored.Draft)));
            json.WriteStartArray("facts");
            foreach ((SubscriptionFact fact, DateTimeOffset recorded) in stored.Facts.Zip(stored.RecordedAt))
            {
                json.WriteStartObject();
                json.WriteInstant("recorded_at", recorded);
                SubscriptionJson.Write(json, fact);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        },
        etag: BillingRequest.ETagOf(stored.Now.Version));

    private static void WriteTimes(Utf8JsonWriter json, Subscription now)
    {
        json.WriteInstant("start", now.Start);
        json.WriteInstant("begun_at", now.BegunAt);
        json.WriteInstant("trial_end", now.TrialEnd);
        json.WriteInstant("phase_end", now.PhaseEnd);
        json.WriteInstant("end", now.End);
        json.WriteInstant("ended_at", now.EndedAt);
    }

    private static void WritePending(Utf8JsonWriter json, Subscription now)
    {
        if (now.PendingChange is { } change)
        {
            json.WriteStartObject("pending_change");
            json.WriteInstant("at", change.At);
            SubscriptionJson.WriteTerms(json, "terms", change.Terms);
            json.WriteEndObject();
        }

        json.WriteInstant("cancel_at", now.CancelAt);
        if (now.Pause is { } pause)
        {
            json.WriteStartObject("pause");
            json.WriteInstant("until", pause.Until);
            json.WriteBoolean("keep", pause.KeepsAdvance);
            json.WriteEndObject();
        }

        if (now.FollowedBy is { } next)
        {
            json.WriteString("followed_by", next);
        }
    }
}
