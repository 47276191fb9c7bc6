using Metering.Billing.Catalog;

namespace Metering.Billing.Rating;

/// <summary>
/// A percentage of each event. The free part is used up in the order of (event time, identity), so an event that arrives late shifts it for
/// all that follow, and the whole scope is rated again.
/// </summary>
internal static class PercentageRating
{
    public static Fraction Rate(PercentagePrice price, IReadOnlyList<UsageEvent> events, in RatingTerms terms, Explanation? explanation)
    {
        FreePart free = new(price, terms.Share);
        Fraction gross = Fraction.Zero;
        foreach (UsageEvent one in InOrder(events))
        {
            Fraction covered = free.Take(one.Value, out bool isWhollyFree);
            bool hasFees = one.Value.Sign >= 0 && !isWhollyFree;
            Fraction exact = (one.Value - covered) * price.Percent.Percent();
            exact = hasFees ? Clamp(exact + price.Fixed, price) : exact;
            gross += exact;
            explanation?.Add(new EventStep(one.Id, one.Value, covered, price.Percent, hasFees ? price.Fixed : Fraction.Zero, exact));
        }

        return gross;
    }

    private static Fraction Clamp(Fraction amount, PercentagePrice price)
    {
        Fraction raised = price.Min is { } least ? Fraction.Max(amount, least) : amount;
        return price.Max is { } most ? Fraction.Min(raised, most) : raised;
    }

    private static IReadOnlyList<UsageEvent> InOrder(IReadOnlyList<UsageEvent> events)
    {
        for (int i = 1; i < events.Count; i++)
        {
            if (Compare(events[i - 1], events[i]) > 0)
            {
                UsageEvent[] sorted = [.. events];
                Array.Sort(sorted, Compare);
                return sorted;
            }
        }

        return events;
    }

    /// <summary>Events without times are in order as they are listed.</summary>
    private static int Compare(UsageEvent left, UsageEvent right)
    {
        if (left.At is not { } at || right.At is not { } other)
        {
            return 0;
        }

        int byTime = at.UtcTicks.CompareTo(other.UtcTicks);
        return byTime != 0 ? byTime : string.CompareOrdinal(left.Id, right.Id);
    }

    /// <summary>What is left of a period's free events and free amount. Scaled by the scope's share, free events rounded up. Whichever runs out first ends it.</summary>
    private struct FreePart(PercentagePrice price, Fraction share)
    {
        private readonly Fraction? _amount = price.FreeAmount * share;
        private readonly Fraction? _events = price.FreeEvents is { } events ? ((Fraction)events * share).RoundTo(0, RoundingMode.Up) : null;
        private readonly bool _exists = price.HasFreePart;
        private Fraction _earlierSum;
        private long _earlierEvents;

        /// <summary>How much of the value is free. An event below zero uses nothing and is as if it had not been.</summary>
        public Fraction Take(Fraction value, out bool isWhollyFree)
        {
            isWhollyFree = false;
            if (!_exists || value.Sign < 0)
            {
                return Fraction.Zero;
            }

            bool isEligible = !(_earlierEvents >= _events) && !(_earlierSum >= _amount);
            Fraction free = !isEligible ? Fraction.Zero : _amount is { } amount ? Fraction.Min(value, amount - _earlierSum) : value;
            isWhollyFree = isEligible && free == value;
            _earlierEvents++;
            _earlierSum += value;
            return free;
        }
    }
}
