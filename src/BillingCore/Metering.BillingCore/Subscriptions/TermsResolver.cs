using Metering.Billing;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Subscriptions;
using Metering.Billing.Subscriptions.Requests;

namespace Metering.BillingCore.Subscriptions;

/// <summary>What other terms a subscription is to have, and what is wrong with them.</summary>
internal sealed class TermsResolver(PinnedPlans plans, SharedUsage shared)
{
    /// <param name="at">When they are to begin.</param>
    /// <returns>Terms and plan, or problems.</returns>
    public async Task<(SubscriptionTerms? Terms, PlanTerms? Plan, IReadOnlyList<Problem> Problems)> ResolveAsync(StoredSubscription stored, ChangeRequest wanted, DateTimeOffset at)
    {
        SubscriptionTerms old = stored.Now.TermsAt(at);
        string book = wanted.PriceBook ?? old.PriceBook;
        string key = wanted.Plan ?? old.Plan;
        bool staysInBook = book == old.PriceBook;
        int? version = wanted.Version ?? (staysInBook ? old.Version : await plans.NewestAsync(book, at));
        if (version is not { } number)
        {
            return Refused(new Problem("price_book", $"price book '{book}' has no published version that can be had at {at:yyyy-MM-dd'T'HH:mm'Z'}"));
        }

        (PlanTerms? plan, Problem? problem) = await plans.FindAsync(book, number, key, stored.Customer, at, isPinned: staysInBook && number == old.Version);
        if (plan is null)
        {
            return Refused(problem!.Value);
        }

        List<Problem> problems = plan.Check(wanted.Quantities);
        if (plan.Currency != stored.Currency)
        {
            problems.Add(new Problem("plan", $"is priced in {plan.Currency}, and the subscription in {stored.Currency}: a subscription has one currency"));
        }

        if (shared.Find(stored, plan, at, stored.ServedUntil) is { } clash)
        {
            problems.Add(new Problem("plan", clash));
        }

        Dictionary<string, Fraction> quantities = new(plan.Kept(old.Quantities()), StringComparer.Ordinal);
        foreach ((string component, Fraction quantity) in wanted.Quantities)
        {
            quantities[component] = quantity;
        }

        bool staysInPlan = staysInBook && key == old.Plan;
        return (staysInPlan ? plan.Of(old.Phase, quantities) : plan.First(quantities, skipsTrial: true), plan, problems);
    }

    private static (SubscriptionTerms? Terms, PlanTerms? Plan, IReadOnlyList<Problem> Problems) Refused(Problem problem) => (null, null, [problem]);
}
