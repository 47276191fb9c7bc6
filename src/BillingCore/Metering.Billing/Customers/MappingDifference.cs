namespace Metering.Billing.Customers;

/// <summary>The time in which a subject was a customer's.</summary>
/// <param name="Until">Exclusive; null for ever.</param>
public readonly record struct MappedTime(string Customer, DateTimeOffset From, DateTimeOffset? Until)
{
    public bool Covers(DateTimeOffset instant) => From <= instant && !(Until <= instant);
}

/// <summary>What a change of one subject's mapping changes for each customer: only the periods in that time have to be looked at again.</summary>
public static class MappingDifference
{
    /// <summary>For each customer that gains or loses time, from the first instant of it to the last; null for ever.</summary>
    public static IReadOnlyList<MappedTime> Of(IReadOnlyCollection<MappedTime> before, IReadOnlyCollection<MappedTime> after) =>
        [.. before.Concat(after).GroupBy(one => one.Customer, StringComparer.Ordinal).Select(one => Of(one.Key, before, after)).OfType<MappedTime>()];

    private static MappedTime? Of(string customer, IReadOnlyCollection<MappedTime> before, IReadOnlyCollection<MappedTime> after)
    {
        MappedTime[] own = [.. before.Concat(after).Where(one => one.Customer == customer)];
        DateTimeOffset?[] cuts = [.. own.SelectMany(one => new[] { one.From, one.Until }).Distinct().OrderBy(cut => cut ?? DateTimeOffset.MaxValue)];
        MappedTime? changed = null;
        foreach ((DateTimeOffset? from, DateTimeOffset? until) in cuts.Zip(cuts.Skip(1).Append(null)))
        {
            if (from is { } start && IsCovered(before, start) != IsCovered(after, start))
            {
                changed = new MappedTime(customer, changed?.From ?? start, until);
            }
        }

        return changed;

        bool IsCovered(IEnumerable<MappedTime> times, DateTimeOffset at) => times.Any(one => one.Customer == customer && one.Covers(at));
    }
}
