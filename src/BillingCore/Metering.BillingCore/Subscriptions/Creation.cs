using System.Security.Cryptography;
using Metering.Billing;
using Metering.Billing.Postgres.Customers;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Subscriptions;
using Metering.Billing.Subscriptions.Requests;
using Metering.Billing.Zones;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Subscriptions;

/// <summary>Makes a subscription: a draft, or one that is agreed at once.</summary>
internal static class Creation
{
    private const int RandomBytes = 10;

    /// <returns>The subscription, and the minute it holds from.</returns>
    /// <exception cref="RefusedException">Something it names is not there, or cannot be had.</exception>
    public static async Task<(StoredSubscription Stored, DateTimeOffset At)> CreateAsync(BillingRequest request, SubscriptionRequest wanted, IStandings standings)
    {
        await RefuseUsedReferenceAsync(request, wanted.Reference);
        Customer customer = await HeldAsync(request, wanted.Customer);
        DateTimeOffset start = wanted.Start ?? WholeMinute.From(request.Now);
        PlanTerms plan = await PlanAsync(request, wanted, customer, start);
        StoredSubscription made = Make(request, wanted, customer, plan, start);
        await RefuseSharedUsageAsync(request, made, plan);
        await PriceContents.AddAsync(request.Transaction, plan.Contents, request.Aborted);
        if (!await SubscriptionStore.AddAsync(request.Transaction, made, request.Aborted))
        {
            throw WasUsed(made.Reference!);
        }

        SubscriptionChange change = SubscriptionChange.Of(made);
        DateTimeOffset at = start;
        if (wanted.Activates)
        {
            Decision decision = made.Now.Activate(request.Now);
            Refusal.ThrowIfRefused(decision, made.Now);
            at = decision.At;
            Standing standing = await StandingAsync(request, standings, made.Id);
            change = change.With(decision, Actors.Api, request.Now).CaughtUp(WholeMinute.From(request.Now), standing, request.Now);
        }

        await TellAsync(request, made);
        await SubscriptionChange.RecordAsync(request.Transaction, [change], request.Now, request.Aborted);
        return (change.After, at);
    }

    public static async Task<Standing> StandingAsync(BillingRequest request, IStandings standings, string subscription) =>
        (await standings.ReadAsync(request.Transaction, [subscription], request.Now, request.Aborted)).GetValueOrDefault(subscription);

    /// <summary>Before anything else that is wrong with the request: the first one made what the second would clash with.</summary>
    private static async Task RefuseUsedReferenceAsync(BillingRequest request, string? reference)
    {
        if (reference is not null && await SubscriptionSearch.FindAsync(request.Transaction, new SubscriptionFilter { Reference = reference }, after: null, 1, request.Aborted) is [_])
        {
            throw WasUsed(reference);
        }
    }

    private static RefusedException WasUsed(string reference) => RefusedException.Conflict($"Reference '{reference}' was used before: a reference is used once, for ever.");

    private static async Task<Customer> HeldAsync(BillingRequest request, string key)
    {
        Customer? customer = await CustomerStore.HoldAsync(request.Transaction, key, request.Aborted);
        RefusedException.ThrowIfAny(customer switch
        {
            null => [new Problem("customer", $"there is no customer '{key}'")],
            { ArchivedAt: not null } => [new Problem("customer", $"'{key}' is archived: put it again first")],
            _ => [],
        });
        return customer!;
    }

    private static async Task<PlanTerms> PlanAsync(BillingRequest request, SubscriptionRequest wanted, Customer customer, DateTimeOffset start)
    {
        PinnedPlans plans = new(request.Transaction, request.Aborted);
        int? version = wanted.Version ?? await plans.NewestAsync(wanted.PriceBook, start);
        (PlanTerms? plan, Problem? problem) = version is { } number
            ? await plans.FindAsync(wanted.PriceBook, number, wanted.Plan, wanted.Customer, start, isPinned: false)
            : (null, new Problem("price_book", $"price book '{wanted.PriceBook}' has no published version that can be had at {start:yyyy-MM-dd'T'HH:mm'Z'}"));
        List<Problem> problems = problem is { } found ? [found] : plan!.Check(wanted.Quantities);
        if (plan is not null && customer.Currency is { } currency && currency != plan.Currency)
        {
            problems.Add(new Problem("plan", $"is priced in {plan.Currency}, and the customer pays in {currency}"));
        }

        RefusedException.ThrowIfAny(problems);
        return plan!;
    }

    private static StoredSubscription Make(BillingRequest request, SubscriptionRequest wanted, Customer customer, PlanTerms plan, DateTimeOffset start)
    {
        ZoneRules zone = TzdbZones.Instance.Find(customer.Zone)!;
        DateTimeOffset? trialEnd = wanted.SkipsTrial ? null : plan.TrialEnd(start, zone) is { } end ? wanted.TrialEnd ?? end : null;
        List<Problem> problems = [];
        Refuse(wanted.TrialEnd is not null && trialEnd is null, "trial_end", "is for a plan that has a trial");
        Refuse(wanted.TrialEnd <= start, "trial_end", "must be after the start");
        Refuse(wanted.End <= start, "end", "must be after the start");
        RefusedException.ThrowIfAny(problems);
        Subscription draft = Subscription.Draft(
            NewId(request.Now), plan.First(wanted.Quantities, wanted.SkipsTrial), start, wanted.End, trialEnd, wanted.TrialConverts, wanted.NeedsFirstPayment) with { Zone = zone };
        return new StoredSubscription
        {
            Id = draft.Id,
            Reference = wanted.Reference,
            Customer = customer.Key,
            Currency = plan.Currency,
            Anchor = wanted.Anchor,
            Issuer = "metering",
            Draft = draft,
            Facts = [],
            RecordedAt = [],
            Now = draft,
            BillAt = null,
            NextDueAt = null,
            Metadata = wanted.Metadata,
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        };

        void Refuse(bool when, string path, string reason)
        {
            if (when)
            {
                problems.Add(new Problem(path, reason));
            }
        }
    }

    private static async Task RefuseSharedUsageAsync(BillingRequest request, StoredSubscription made, PlanTerms plan)
    {
        SharedUsage shared = await SharedUsage.ReadAsync(request.Transaction, [made.Customer], request.Aborted);
        if (shared.Find(made, plan, made.Now.Start, made.Now.End) is { } clash)
        {
            throw RefusedException.Invalid([new Problem("plan", clash)]);
        }
    }

    private static Task TellAsync(BillingRequest request, StoredSubscription made) =>
        Told.OnceAsync(request, "subscription.created", $"subscription:{made.Id}", json => SubscriptionBodies.Write(json, made));

    private static string NewId(DateTimeOffset now)
    {
        Span<byte> randomness = stackalloc byte[RandomBytes];
        RandomNumberGenerator.Fill(randomness);
        return $"sub_{Ulid.NewUlid(now, randomness)}";
    }
}
