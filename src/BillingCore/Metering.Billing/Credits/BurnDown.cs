using Metering.Billing.Periods;

namespace Metering.Billing.Credits;

/// <summary>What a grant may be used on.</summary>
/// <param name="Open">What is still to be covered; lines at or below zero are not.</param>
public readonly record struct CreditLine(string Component, TimeRange Service, Money Open);

/// <summary>How much of a grant is used, and for how much of each line. The lines sum to the amount.</summary>
public sealed record GrantUse(string Grant, Money Amount, IReadOnlyList<Money> Lines);

/// <summary>Uses grants up in their order, each on the open lines it covers, allocated over them by largest remainder.</summary>
public static class BurnDown
{
    /// <param name="limit">How much may be covered at all: the invoice's total, so that grants never take it below zero.</param>
    /// <returns>The grants that were used, in order of use.</returns>
    public static List<GrantUse> Apply(IEnumerable<Grant> grants, IReadOnlyList<CreditLine> lines, Money limit)
    {
        List<GrantUse> uses = [];
        Money[] open = [.. lines.Select(line => line.Open)];
        Grant[] order = [.. grants.Where(grant => grant.IsUsable)];
        Array.Sort(order, Grant.CompareUse);
        foreach (Grant grant in order)
        {
            if (Use(grant, lines, open, limit) is { } use)
            {
                uses.Add(use);
                limit -= use.Amount;
            }
        }

        return uses;
    }

    private static GrantUse? Use(Grant grant, IReadOnlyList<CreditLine> lines, Money[] open, Money limit)
    {
        long[] weights = [.. lines.Select((line, i) => grant.Covers(line.Component, line.Service) ? Math.Max(open[i].MinorUnits, 0) : 0)];
        Money covered = Money.Zero(limit.Currency);
        foreach (long weight in weights)
        {
            covered += new Money(weight, limit.Currency);
        }

        Money amount = Money.Min(Money.Min(grant.Remaining, covered), limit);
        if (amount.Sign <= 0)
        {
            return null;
        }

        Money[] parts = amount.Allocate(weights);
        for (int i = 0; i < parts.Length; i++)
        {
            open[i] -= parts[i];
        }

        return new GrantUse(grant.Id, amount, parts);
    }
}
