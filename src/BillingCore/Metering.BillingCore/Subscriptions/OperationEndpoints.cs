using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Customers;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Subscriptions;
using Metering.Billing.Subscriptions.Requests;
using Metering.Billing.Zones;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Subscriptions;

/// <summary>
/// What can be done to a subscription, each with one POST. It is held until the request is done, so of two that name the same revision one is refused; what time has
/// brought by then is recorded first. The answer says the minute from which it holds.
/// </summary>
internal sealed class OperationEndpoints(IStandings standings)
{
    private delegate T Reader<out T>(JsonElement body, List<Problem> problems);

    private delegate Task<Decision> Operation<in T>(T wanted, StoredSubscription stored, BillingRequest request);

    public void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        Map(routes, edge, "activate", PlainRequest.Read, _ => null, (_, stored, request) => Task.FromResult(stored.Now.Activate(request.Now)));
        Map(routes, edge, "change", ChangeRequest.Read, wanted => wanted.At.At, ChangeAsync);
        Map(routes, edge, "extend-trial", ExtendTrialRequest.Read, _ => null, (wanted, stored, request) => Task.FromResult(stored.Now.ExtendTrial(wanted.Until, request.Now)));
        Map(routes, edge, "convert-trial", MinuteRequest.Read, wanted => wanted.At, (wanted, stored, request) => Task.FromResult(stored.Now.ConvertTrial(Passed(wanted.At, request))));
        Map(routes, edge, "pause", PauseRequest.Read, wanted => wanted.At, (wanted, stored, request) => Task.FromResult(Pause(wanted, stored, request)));
        Map(routes, edge, "resume", MinuteRequest.Read, wanted => wanted.At, ResumeAsync);
        Map(routes, edge, "cancel", CancelRequest.Read, wanted => wanted.At.At, (wanted, stored, request) => Task.FromResult(Cancel(wanted, stored, request)));
        Map(routes, edge, "undo", PlainRequest.Read, _ => null, UndoAsync);
        Map(routes, edge, "follow", FollowRequest.Read, _ => null, FollowAsync);
    }

    /// <param name="at">The instant a request names; what is due after it is not brought before it.</param>
    private void Map<T>(IEndpointRouteBuilder routes, BillingEdge edge, string name, Reader<T> read, Func<T, DateTimeOffset?> at, Operation<T> operation) =>
        edge.Map(routes, HttpMethods.Post, $"{SubscriptionEndpoints.One}/{name}", request => RunAsync(request, read, at, operation));

    private async Task<Answer> RunAsync<T>(BillingRequest request, Reader<T> read, Func<T, DateTimeOffset?> at, Operation<T> operation)
    {
        List<Problem> problems = [];
        T wanted = read(request.BodyOrEmpty(), problems);
        RefusedException.ThrowIfAny(problems);
        StoredSubscription stored = await SubscriptionEndpoints.HoldAsync(request);
        request.CheckPreconditions(stored.Now.Version);
        DateTimeOffset minute = WholeMinute.From(request.Now);
        DateTimeOffset until = at(wanted) is { } named && named < minute ? named : minute;
        Standing standing = await Creation.StandingAsync(request, standings, stored.Id);
        SubscriptionChange change = SubscriptionChange.Of(stored).CaughtUp(until, standing, request.Now);
        Decision decision = await operation(wanted, change.After, request);
        Refusal.ThrowIfRefused(decision, change.After.Now);
        change = change.With(decision, Actors.Api, request.Now);
        await SubscriptionChange.RecordAsync(request.Transaction, [change], request.Now, request.Aborted);
        return SubscriptionBodies.Done(change.After, decision.At);
    }

    private static async Task<Decision> ChangeAsync(ChangeRequest wanted, StoredSubscription stored, BillingRequest request)
    {
        DateTimeOffset at = PeriodEnd(wanted.At, stored, request);
        await CustomerStore.HoldAsync(request.Transaction, stored.Customer, request.Aborted);
        SharedUsage shared = await SharedUsage.ReadAsync(request.Transaction, [stored.Customer], request.Aborted);
        TermsResolver resolver = new(new PinnedPlans(request.Transaction, request.Aborted), shared);
        (SubscriptionTerms? terms, PlanTerms? plan, IReadOnlyList<Problem> problems) = await resolver.ResolveAsync(stored, wanted, at);
        RefusedException.ThrowIfAny(problems);
        await PriceContents.AddAsync(request.Transaction, plan!.Contents, request.Aborted);
        return Moments.IsLater(at, request.Now) ? stored.Now.ScheduleChange(terms!, at, request.Now) : stored.Now.Change(terms!, at);
    }

    private static Decision Cancel(CancelRequest wanted, StoredSubscription stored, BillingRequest request)
    {
        DateTimeOffset at = PeriodEnd(wanted.At, stored, request);
        return Moments.IsLater(at, request.Now) ? stored.Now.CancelLater(at, request.Now) : stored.Now.Cancel(at);
    }

    private static Decision Pause(PauseRequest wanted, StoredSubscription stored, BillingRequest request)
    {
        DateTimeOffset at = Passed(wanted.At, request);
        ZoneRules zone = stored.Now.Zone;
        TimeSpan? length = wanted.Length is { } interval ? new Cadence(zone, interval, BillingAnchor.At(zone.ToLocal(at))).Boundary(1) - at : null;
        return stored.Now.PauseAt(at, wanted.Until, length, wanted.KeepsAdvance);
    }

    private async Task<Decision> ResumeAsync(MinuteRequest wanted, StoredSubscription stored, BillingRequest request) =>
        stored.Now.Resume(Passed(wanted.At, request), await Creation.StandingAsync(request, standings, stored.Id));

    /// <summary>A subscription that goes on after all must not take events that another one counts on.</summary>
    private static async Task<Decision> UndoAsync(PlainRequest wanted, StoredSubscription stored, BillingRequest request)
    {
        Decision decision = stored.Now.Undo(WholeMinute.From(request.Now));
        if (decision.IsApplied && stored.Now.CancelAt is { } canceled)
        {
            await CustomerStore.HoldAsync(request.Transaction, stored.Customer, request.Aborted);
            SharedUsage shared = await SharedUsage.ReadAsync(request.Transaction, [stored.Customer], request.Aborted);
            if (shared.Find(stored, canceled, stored.Now.End) is { } clash)
            {
                throw RefusedException.Conflict($"It cannot go on: {clash}.");
            }
        }

        return decision;
    }

    private static async Task<Decision> FollowAsync(FollowRequest wanted, StoredSubscription stored, BillingRequest request)
    {
        StoredSubscription? next = await SubscriptionStore.FindAsync(request.Transaction, TzdbZones.Instance, wanted.By, request.Aborted);
        RefusedException.ThrowIfAny((next, stored.ServedUntil) switch
        {
            (null, _) => [new Problem("by", $"there is no subscription '{wanted.By}'")],
            _ when next.Id == stored.Id || next.Customer != stored.Customer => [new Problem("by", $"must be another subscription of customer '{stored.Customer}'")],
            (_, null) => [new Problem("by", $"nothing ends {stored.Id}: cancel it at an instant first")],
            _ when next.Now.Start < stored.ServedUntil => [new Problem("by", $"starts at {next.Now.Start:yyyy-MM-dd'T'HH:mm'Z'}, before {stored.Id} ends")],
            _ => [],
        });
        return stored.Now.Follow(wanted.By, WholeMinute.From(request.Now));
    }

    private static DateTimeOffset PeriodEnd(Moment moment, StoredSubscription stored, BillingRequest request) =>
        Moments.Of(moment, stored, request.Now) ?? throw RefusedException.Invalid([new Problem("at", "no period runs: it has not begun, or charges nothing")]);

    /// <summary>For what holds from now or from an instant that has passed.</summary>
    private static DateTimeOffset Passed(DateTimeOffset? at, BillingRequest request) => at is { } named && Moments.IsLater(named, request.Now)
        ? throw RefusedException.Invalid([new Problem("at", "must be now, or an instant that has passed")])
        : at ?? WholeMinute.From(request.Now);
}
