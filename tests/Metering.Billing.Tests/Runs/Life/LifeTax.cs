using System.Numerics;
using Metering.Billing.Tests.Rating.SecondOpinion;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>Parts of a whole that sum to it: each cut towards zero, and the cents that are left over to those that lost most, the first of equals.</summary>
internal static class Remainders
{
    private static readonly Comparer<Ratio> s_bySize = Comparer<Ratio>.Create((one, other) => (one - other).Numerator.Sign);

    public static long[] Share(long total, IReadOnlyList<Ratio> exact)
    {
        long[] parts = [.. exact.Select(one => (long)(one.Numerator / one.Denominator))];
        for (long left = total - parts.Sum(); left != 0; left -= Math.Sign(left))
        {
            int sign = Math.Sign(left);
            int most = Enumerable.Range(0, parts.Length).MaxBy(i => (exact[i] - new Ratio(parts[i], 1)) * sign, s_bySize);
            parts[most] += Math.Sign(left);
        }

        return parts;
    }
}

/// <summary>Tax of a document: of each rate on all its lines at once, rounded once, shared by the lines.</summary>
internal static class LifeTax
{
    public static LifeRate? RateOf(IReadOnlyList<LifeTaxRule> rules, string category, DateTimeOffset at) =>
        rules.Where(rule => rule.Category == category && rule.ValidFrom <= at).OrderBy(rule => rule.ValidFrom).LastOrDefault()?.Rate;

    public static Ratio Of(LifeRate rate, long net)
    {
        Ratio percent = Ratio.Of(rate.Percent) / 100;
        return new Ratio(net, 1) * (rate.IsInclusive ? percent / (percent + 1) : percent);
    }

    public static long Cents(Ratio cents) => (long)cents.Round("half_away_from_zero", 0).Numerator;

    public static void Compute(IReadOnlyList<LifeLine> lines)
    {
        foreach (IGrouping<LifeRate, LifeLine> same in lines.Where(line => line.Rate is not null).GroupBy(line => line.Rate!))
        {
            long[] parts = Remainders.Share(Cents(Of(same.Key, same.Sum(line => line.Net - line.Promo))), [.. same.Select(line => Of(same.Key, line.Net - line.Promo))]);
            foreach ((LifeLine line, long tax) in same.Zip(parts))
            {
                line.Tax = tax;
            }
        }
    }
}

/// <summary>Discounts of whole invoices: of a period's lines above zero, on however many invoices, percents first, never past zero.</summary>
internal static class LifeDiscounts
{
    public static void Compute(LifeDiscount[] discounts, IReadOnlyList<LifeLine> earlier, IReadOnlyList<LifeLine> lines)
    {
        LifeLine[] charges = [.. lines.Where(line => line.Amount > 0)];
        long before = earlier.Where(line => line.Amount > 0).Sum(line => line.Amount);
        Ratio left = new(before + charges.Sum(line => line.Amount), 100);
        foreach (LifeDiscount percent in discounts.Where(one => one.Percent is not null))
        {
            left -= left * Ratio.Of(percent.Percent!) / 100;
        }

        foreach (LifeDiscount amount in discounts.Where(one => one.Amount is not null))
        {
            left = Ratio.Max(0, left - Ratio.Of(amount.Amount!));
        }

        long taken = before + charges.Sum(line => line.Amount) - Owed.Cents(left) - earlier.Where(line => line.Amount > 0).Sum(line => line.Discount);
        taken = Math.Min(taken, Math.Max(0, lines.Sum(line => line.Amount)));
        if (taken <= 0)
        {
            return;
        }

        long[] parts = Remainders.Share(taken, [.. charges.Select(line => new Ratio((BigInteger)taken * line.Amount, charges.Sum(one => one.Amount)))]);
        foreach ((LifeLine line, long part) in charges.Zip(parts))
        {
            line.Discount = part;
        }
    }
}
