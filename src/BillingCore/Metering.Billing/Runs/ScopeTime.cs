using Metering.Billing.Periods;
using Metering.Billing.Subscriptions;

namespace Metering.Billing.Runs;

/// <summary>When a rating scope that was billed was active, found again by its key.</summary>
public static class ScopeTime
{
    /// <summary>The name of the content of the scope's price.</summary>
    /// <param name="key">As <see cref="RatingScope.Key"/> makes it: after the price it says whether it is a trial's, and which of two periods with the same boundaries it is of.</param>
    public static string PriceOf(string component, string key)
    {
        string rest = key[(component.Length + 1)..];
        int end = rest.AsSpan().IndexOfAny('~', '@');
        return end < 0 ? rest : rest[..end];
    }

    /// <summary>Whether the scope is a trial's.</summary>
    public static bool IsTrial(string component, string key) => key.AsSpan(component.Length + 1).Contains('~');

    /// <summary>In order, without overlap.</summary>
    /// <param name="service">As it was recorded when the scope was billed.</param>
    /// <param name="time">From the scope's first active minute to the end of its last, which are of one period.</param>
    public static IEnumerable<TimeRange> Of(ServiceHistory service, string component, string key, TimeRange time)
    {
        string price = PriceOf(component, key);
        bool isTrial = IsTrial(component, key);
        foreach (ServiceSpan span in service.Spans.Where(span => !span.IsPaused && span.IsTrial == isTrial && span.Terms.Find(component)?.Price == price))
        {
            TimeRange active = time.Intersect(new TimeRange(span.From, span.Until ?? DateTimeOffset.MaxValue));
            if (!active.IsEmpty)
            {
                yield return active;
            }
        }
    }
}
