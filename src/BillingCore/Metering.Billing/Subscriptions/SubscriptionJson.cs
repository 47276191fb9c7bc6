using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Zones;

namespace Metering.Billing.Subscriptions;

/// <summary>
/// Drafts and facts as canonical JSON: what is stored, and what an invoice that names them is computed from again. Reading what was written gives the same
/// subscription, and writing it again the same bytes.
/// </summary>
public static class SubscriptionJson
{
    /// <summary>What the facts begin from.</summary>
    public static byte[] Bytes(Subscription draft) => CanonicalJson.Bytes(json =>
    {
        WriteTerms(json, "terms", draft.Terms);
        CanonicalJson.Write(json, "start", draft.Start);
        WriteInstant(json, "end", draft.End);
        WriteInstant(json, "trial_end", draft.TrialEnd);
        json.WriteBoolean("trial_converts", draft.TrialConverts);
        json.WriteBoolean("needs_first_payment", draft.NeedsFirstPayment);
    });

    public static byte[] Bytes(SubscriptionFact fact) => CanonicalJson.Bytes(json => Write(json, fact));

    /// <summary>The fields of a fact, into an object that is open.</summary>
    public static void Write(Utf8JsonWriter json, SubscriptionFact fact)
    {
        json.WriteNumber("sequence", fact.Sequence);
        CanonicalJson.Write(json, "effective_at", fact.EffectiveAt);
        json.WriteString("fact", NameOf(fact));
        switch (fact)
        {
            case Moved moved:
                json.WriteString("to", moved.To.Text());
                break;
            case TermsChanged changed:
                WriteTerms(json, "terms", changed.Terms);
                break;
            case ChangePending { Change: { } change }:
                CanonicalJson.Write(json, "at", change.At);
                WriteTerms(json, "terms", change.Terms);
                break;
            case CancelPending cancel:
                WriteInstant(json, "at", cancel.At);
                break;
            case PauseBegun { Pause: var pause }:
                WriteInstant(json, "until", pause.Until);
                json.WriteBoolean("keeps_advance", pause.KeepsAdvance);
                break;
            case TrialSet trial:
                CanonicalJson.Write(json, "end", trial.End);
                break;
            case PhaseEndSet phase:
                WriteInstant(json, "end", phase.End);
                break;
            case ZoneSet set:
                json.WriteString("zone", set.Zone.Id);
                json.WriteString("tzdb", set.Zone.TzdbVersion);
                break;
            case Followed followed:
                json.WriteString("by", followed.By);
                break;
        }
    }

    /// <summary>The terms as an object.</summary>
    public static void WriteTerms(Utf8JsonWriter json, string name, SubscriptionTerms terms)
    {
        json.WriteStartObject(name);
        json.WriteString("price_book", terms.PriceBook);
        json.WriteNumber("version", terms.Version);
        json.WriteString("plan", terms.Plan);
        json.WriteString("phase", terms.Phase);
        if (terms.IsTrial)
        {
            json.WriteBoolean("trial", true);
        }

        CanonicalJson.WriteList(json, "items", terms.Items, item =>
        {
            json.WriteString("component", item.Component);
            json.WriteString("price", item.Price);
            PriceBookWriter.WriteInterval(json, "interval", item.Interval);
            CanonicalJson.Write(json, "quantity", item.Quantity);
        });
        if (terms.Next is { } next)
        {
            json.WriteStartObject("next");
            PriceBookWriter.WriteInterval(json, "after", next.After);
            WriteTerms(json, "terms", next.Terms);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <param name="zone">Of the subscription; stored beside the draft.</param>
    /// <exception cref="InvalidDataException">Not what <see cref="Bytes(Subscription)"/> writes.</exception>
    public static Subscription ReadDraft(string id, JsonElement draft, ZoneRules zone) => Read(draft, fields => Subscription.Draft(
        id, ReadTerms(fields.Object("terms")!), fields.RequiredMinute("start"), fields.Minute("end"), fields.Minute("trial_end"), fields.Flag("trial_converts") == true,
        fields.Flag("needs_first_payment") == true) with
    { Zone = zone });

    /// <param name="zones">The rules of a zone in a release.</param>
    /// <exception cref="InvalidDataException">Not what <see cref="Bytes(SubscriptionFact)"/> writes.</exception>
    public static SubscriptionFact ReadFact(JsonElement fact, Func<ZoneName, ZoneRules> zones) =>
        Read(fact, fields => ReadFact(fields, fact.GetProperty("sequence").GetInt64(), fields.RequiredMinute("effective_at"), zones));

    /// <summary>Which rules a fact names; null when none.</summary>
    public static ZoneName? ZoneOf(JsonElement fact) =>
        fact.TryGetProperty("zone", out JsonElement zone) && fact.TryGetProperty("tzdb", out JsonElement tzdb) ? new ZoneName(zone.GetString()!, tzdb.GetString()!) : null;

    private static SubscriptionFact ReadFact(JsonFields fields, long sequence, DateTimeOffset at, Func<ZoneName, ZoneRules> zones) => fields.RequiredText("fact") switch
    {
        "moved" => new Moved(sequence, at, SubscriptionStateText.Parse(fields.RequiredText("to"))),
        "terms_changed" => new TermsChanged(sequence, at, ReadTerms(fields.Object("terms")!)),
        "change_pending" => new ChangePending(sequence, at, fields.Object("terms") is { } terms ? new PendingChange(ReadTerms(terms), fields.RequiredMinute("at")) : null),
        "cancel_pending" => new CancelPending(sequence, at, fields.Minute("at")),
        "pause_begun" => new PauseBegun(sequence, at, new ServicePause(fields.Minute("until"), fields.Flag("keeps_advance") == true)),
        "trial_set" => new TrialSet(sequence, at, fields.RequiredMinute("end")),
        "phase_end_set" => new PhaseEndSet(sequence, at, fields.Minute("end")),
        "zone_set" => new ZoneSet(sequence, at, zones(new ZoneName(fields.RequiredText("zone"), fields.RequiredText("tzdb")))),
        "followed" => new Followed(sequence, at, fields.RequiredText("by")),
        var other => throw new InvalidDataException($"There is no fact '{other}'."),
    };

    private static SubscriptionTerms ReadTerms(JsonFields fields) => new(
        fields.RequiredText("price_book"), fields.Integer("version", 1, int.MaxValue) ?? 0, fields.RequiredText("plan"), fields.RequiredText("phase"),
        [.. fields.Objects("items")!.Select(item =>
            new SubscriptionItem(item.RequiredText("component"), item.RequiredText("price"), item.Interval("interval")!.Value, item.RequiredNumber("quantity")))])
    {
        IsTrial = fields.Flag("trial") == true,
        Next = fields.Object("next") is { } next ? new NextPhase(next.Interval("after")!.Value, ReadTerms(next.Object("terms")!)) : null,
    };

    private static T Read<T>(JsonElement stored, Func<JsonFields, T> read)
    {
        List<Problem> problems = [];
        T value = read(new JsonFields(stored, "", problems));
        return problems.Count == 0 ? value : throw new InvalidDataException($"A stored subscription cannot be read: {problems[0]}");
    }

    private static string NameOf(SubscriptionFact fact) => fact switch
    {
        Moved => "moved",
        TermsChanged => "terms_changed",
        ChangePending => "change_pending",
        CancelPending => "cancel_pending",
        PauseBegun => "pause_begun",
        TrialSet => "trial_set",
        PhaseEndSet => "phase_end_set",
        ZoneSet => "zone_set",
        Followed => "followed",
        _ => throw new System.Diagnostics.UnreachableException($"A fact without a name: {fact.GetType().Name}."),
    };

    private static void WriteInstant(Utf8JsonWriter json, string name, DateTimeOffset? at)
    {
        if (at is { } instant)
        {
            CanonicalJson.Write(json, name, instant);
        }
    }
}
