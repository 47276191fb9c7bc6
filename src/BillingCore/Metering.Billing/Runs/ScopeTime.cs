using Metering.Billing.Periods;
using Metering.Billing.Subscriptions;

namespace Metering.Billing.Runs;

/// <summary>When a rating scope that was billed was active, found again by its key.</summary>
public static class ScopeTime
{
    private const string Trial = "~trial";

    /// <summary>The name of the content of the scope's price.</summary>
    /// <param name="key">As <see cref="RatingScope.Key"/> makes it.</param>
    public static string PriceOf(string component, string key) => key[(component.Length + 1)..(key.EndsWith(Trial, StringComparison.Ordinal) ? ^Trial.Length : ^0)];

    /// <summary>In order, without overlap.</summary>
    /// <param name="service">As it was recorded when the scope was billed.</param>
    /// <param name="time">From the scope's first active minute to the end of its last, which are of one period.</param>
    public static IEnumerable<TimeRange> Of(ServiceHistory service, string component, string key, TimeRange time)
    {
        string price = PriceOf(component, key);
        bool isTrial = key.EndsWith(Trial, StringComparison.Ordinal);
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
