using Metering.Billing.Periods;
using Metering.Billing.Zones;

namespace Metering.Billing.Subscriptions;

/// <summary>What a move or a change means for the phases of the plan: which terms begin, and until when they last.</summary>
internal static class PhaseFacts
{
    /// <param name="now">The subscription after what is being recorded.</param>
    /// <param name="to">The state it goes to, or stays in.</param>
    public static IEnumerable<SubscriptionFact> Of(Subscription before, Subscription now, SubscriptionState to, DateTimeOffset at)
    {
        if (!IsPaid(to))
        {
            yield break;
        }

        long sequence = now.Version;
        SubscriptionTerms terms = now.Terms;
        if (terms is { IsTrial: true, Next.Terms: { } first })
        {
            terms = first;
            yield return new TermsChanged(++sequence, at, terms);
        }

        bool begins = !IsPaid(before.State) || !IsSamePhase(before.Terms, terms);
        DateTimeOffset? end = terms.Next is not { } next ? null : begins || now.PhaseEnd is null ? EndOf(at, next.After, now.Zone) : now.PhaseEnd;
        if (end != now.PhaseEnd)
        {
            yield return new PhaseEndSet(++sequence, at, end);
        }
    }

    private static bool IsPaid(SubscriptionState state) =>
        state is SubscriptionState.Active or SubscriptionState.PastDue or SubscriptionState.Unpaid or SubscriptionState.Paused;

    /// <summary>Another version of the same phase does not begin it anew.</summary>
    private static bool IsSamePhase(SubscriptionTerms one, SubscriptionTerms other) => (one.PriceBook, one.Plan, one.Phase) == (other.PriceBook, other.Plan, other.Phase);

    /// <summary>When a phase ends that begins then.</summary>
    public static DateTimeOffset EndOf(DateTimeOffset begin, BillingInterval length, ZoneRules zone) =>
        new Cadence(zone, length, BillingAnchor.At(zone.ToLocal(begin))).Boundary(1);
}
