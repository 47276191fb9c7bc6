using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Postgres.Customers;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Subscriptions;
using Metering.Billing.Subscriptions.Requests;
using Metering.Billing.Zones;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Subscriptions;

/// <summary>
/// Another version of their price book for many subscriptions: one page of them in one transaction and a constant number of statements. Each is a change like any other;
/// one that cannot be migrated says why and holds nobody up.
/// </summary>
internal sealed class Migration(BillingRequest request, IStandings standings)
{
    public async Task<Answer> RunAsync()
    {
        List<Problem> problems = [];
        MigrationRequest wanted = MigrationRequest.Read(request.BodyOrEmpty(), problems);
        RefusedException.ThrowIfAny(problems);
        SubscriptionFilter filter = new() { PriceBook = wanted.PriceBook, Version = wanted.FromVersion, Plan = wanted.Plan, Ids = wanted.Subscriptions, Living = true };
        string? after = wanted.Cursor is null ? null : BillingRequest.KeyOf(wanted.Cursor);
        IReadOnlyList<string> ids = await SubscriptionSearch.FindAsync(request.Transaction, filter, after, wanted.Limit, request.Aborted);
        List<Row> rows = await MigrateAsync(wanted, ids);
        return Answer.Json(json => Write(json, rows, ids.Count < wanted.Limit ? null : BillingRequest.CursorOf(ids[^1]), wanted.IsDryRun));
    }

    private async Task<List<Row>> MigrateAsync(MigrationRequest wanted, IReadOnlyList<string> ids)
    {
        StoredSubscription[] page = [.. (await SubscriptionStore.HoldAsync(request.Transaction, TzdbZones.Instance, ids, request.Aborted)).Where(one => one.Now.Terms.Version != wanted.Version)];
        string[] customers = [.. page.Select(one => one.Customer).Distinct(StringComparer.Ordinal)];
        await CustomerStore.HoldAllAsync(request.Transaction, customers, request.Aborted);
        PinnedPlans plans = new(request.Transaction, request.Aborted);
        foreach (IGrouping<string, StoredSubscription> plan in page.GroupBy(one => one.Now.Terms.Plan, StringComparer.Ordinal))
        {
            await plans.ReadOverridesAsync(wanted.PriceBook, plan.Key, plan.Select(one => one.Customer));
        }

        TermsResolver resolver = new(plans, await SharedUsage.ReadAsync(request.Transaction, customers, request.Aborted));
        IReadOnlyDictionary<string, Standing> stand = await standings.ReadAsync(request.Transaction, [.. page.Select(one => one.Id)], request.Now, request.Aborted);
        List<Row> rows = [];
        List<SubscriptionChange> changes = [];
        List<PlanTerms> taken = [];
        foreach (StoredSubscription stored in page)
        {
            SubscriptionChange change = SubscriptionChange.Of(stored).CaughtUp(WholeMinute.From(request.Now), stand.GetValueOrDefault(stored.Id), request.Now);
            (Decision? decision, PlanTerms? plan, Row row) = await DecideAsync(resolver, wanted, change.After);
            rows.Add(row);
            changes.Add(decision is null ? change : change.With(decision, Actors.Api, request.Now));
            taken.AddRange(plan is null ? [] : [plan]);
        }

        if (!wanted.IsDryRun)
        {
            await PriceContents.AddAsync(request.Transaction, taken.SelectMany(plan => plan.Contents).DistinctBy(content => content.Price), request.Aborted);
            await SubscriptionChange.RecordAsync(request.Transaction, changes, request.Now, request.Aborted);
        }

        return rows;
    }

    /// <summary>One that has not begun has no period: it begins with the other version.</summary>
    private async Task<(Decision? Decision, PlanTerms? Plan, Row Row)> DecideAsync(TermsResolver resolver, MigrationRequest wanted, StoredSubscription stored)
    {
        DateTimeOffset now = WholeMinute.From(request.Now);
        if ((stored.Now.BegunAt is null ? now : Moments.Of(wanted.At, stored, request.Now)) is not { } at)
        {
            return Refused("no period runs: it charges nothing");
        }

        ChangeRequest change = new(null, wanted.Version, null, new Dictionary<string, Fraction>(), wanted.At);
        (SubscriptionTerms? terms, PlanTerms? plan, IReadOnlyList<Problem> problems) = await resolver.ResolveAsync(stored, change, at > stored.Now.Start ? at : stored.Now.Start);
        if (problems.Count > 0)
        {
            return Refused(problems[0].ToString());
        }

        Decision decision = Moments.IsLater(at, request.Now) ? stored.Now.ScheduleChange(terms!, at, request.Now) : stored.Now.Change(terms!, at);
        return decision.IsApplied ? (decision, plan, new Row(stored, at, null)) : Refused(Refusal.Text(decision.Outcome, stored.Now));

        (Decision?, PlanTerms?, Row) Refused(string why) => (null, null, new Row(stored, null, why));
    }

    private static void Write(Utf8JsonWriter json, List<Row> rows, string? next, bool isDryRun)
    {
        json.WriteStartObject();
        json.WriteBoolean("dry_run", isDryRun);
        json.WriteNumber("migrated", rows.Count(row => row.Refused is null));
        json.WriteNumber("refused", rows.Count(row => row.Refused is not null));
        json.WriteStartArray("items");
        foreach (Row row in rows)
        {
            json.WriteStartObject();
            json.WriteString("subscription", row.Stored.Id);
            json.WriteString("customer", row.Stored.Customer);
            json.WriteString("plan", row.Stored.Now.Terms.Plan);
            json.WriteNumber("from_version", row.Stored.Now.Terms.Version);
            json.WriteInstant("effective_at", row.At);
            if (row.Refused is { } why)
            {
                json.WriteString("refused", why);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("next_cursor", next);
        json.WriteEndObject();
    }

    /// <param name="Stored">Before the change.</param>
    /// <param name="At">When it has the other version; null when it is refused.</param>
    private sealed record Row(StoredSubscription Stored, DateTimeOffset? At, string? Refused);
}
