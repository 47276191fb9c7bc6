using Metering.Billing.Catalog;
using Metering.Billing.Periods;
using Metering.Billing.Subscriptions;

namespace Metering.Billing.Unbilled;

/// <summary>A stretch of time in which a subject was a customer's.</summary>
public readonly record struct OwnedTime(string Customer, TimeRange Time);

/// <summary>A subscription as it is recorded now.</summary>
public sealed record ServedSubscription(string Id, ServiceHistory Service);

/// <summary>A stretch of time in which usage of one meter is not billed, or not all of it.</summary>
/// <param name="Customer">Null when the subject was nobody's.</param>
/// <param name="Subscription">That was not running, was paused, or has no price for it; null when there is none.</param>
/// <param name="Billed">What is billed all the same: events of the meter that one of these lets through.</param>
public sealed record UnbilledTime(TimeRange Time, UnbilledReason Reason, string? Customer, string? Subscription, IReadOnlyList<UsageSource> Billed)
{
    /// <summary>
    /// The other side of rating scopes: every minute of the range in which no scope takes all usage of the meter. Trials take usage, at their price; a pause that keeps what was paid ahead does not.
    /// </summary>
    /// <param name="owners">Whose the subject was, in order, without overlap.</param>
    /// <param name="subscriptionsOf">Of a customer: all that it ever had.</param>
    /// <param name="sourceOf">What feeds a subscribed component; null for what is not metered.</param>
    public static IEnumerable<UnbilledTime> Of(
        TimeRange range, string meter, IEnumerable<OwnedTime> owners, Func<string, IReadOnlyList<ServedSubscription>> subscriptionsOf, Func<SubscriptionItem, UsageSource?> sourceOf)
    {
        DateTimeOffset at = range.Start;
        foreach (OwnedTime owned in owners)
        {
            TimeRange time = range.Intersect(owned.Time);
            if (time.IsEmpty)
            {
                continue;
            }

            if (at < time.Start)
            {
                yield return new UnbilledTime(new TimeRange(at, time.Start), UnbilledReason.NoCustomer, null, null, []);
            }

            foreach (UnbilledTime one in Of(time, meter, owned.Customer, subscriptionsOf(owned.Customer), sourceOf))
            {
                yield return one;
            }

            at = time.End;
        }

        if (at < range.End)
        {
            yield return new UnbilledTime(new TimeRange(at, range.End), UnbilledReason.NoCustomer, null, null, []);
        }
    }

    /// <summary>Of a time in which nothing begins or ends, all of which is the customer's.</summary>
    private static IEnumerable<UnbilledTime> Of(
        TimeRange owned, string meter, string customer, IReadOnlyList<ServedSubscription> subscriptions, Func<SubscriptionItem, UsageSource?> sourceOf)
    {
        DateTimeOffset[] cuts = [.. subscriptions.SelectMany(one => CutsOf(one.Service)).Where(cut => cut > owned.Start && cut < owned.End).Append(owned.End).Distinct().Order()];
        DateTimeOffset begin = owned.Start;
        foreach (DateTimeOffset cut in cuts)
        {
            UsageSource[] billed =
            [
                .. from one in subscriptions
                   let span = SpanAt(one.Service, begin)
                   where span is { IsPaused: false }
                   from item in span.Terms.Items
                   let source = sourceOf(item)
                   where source?.Meter == meter
                   select source,
            ];
            if (billed.All(source => source.Filter.Count > 0))
            {
                (UnbilledReason reason, string? subscription) = ReasonAt(begin, subscriptions);
                yield return new UnbilledTime(new TimeRange(begin, cut), reason, customer, subscription, billed);
            }

            begin = cut;
        }
    }

    /// <summary>What came nearest to billing it: a subscription that runs, then one that is paused, then the last that ended, then the first to begin.</summary>
    private static (UnbilledReason Reason, string? Subscription) ReasonAt(DateTimeOffset at, IReadOnlyList<ServedSubscription> subscriptions)
    {
        if (subscriptions.FirstOrDefault(one => SpanAt(one.Service, at) is { IsPaused: false }) is { } running)
        {
            return (UnbilledReason.NotPriced, running.Id);
        }

        if (subscriptions.FirstOrDefault(one => HasBegun(one.Service, at) && !HasEnded(one.Service, at)) is { } paused)
        {
            return (UnbilledReason.Paused, paused.Id);
        }

        if (subscriptions.Where(one => HasEnded(one.Service, at)).MaxBy(one => one.Service.EndedAt) is { } ended)
        {
            return (UnbilledReason.AfterEnd, ended.Id);
        }

        ServedSubscription? next = subscriptions.MinBy(one => one.Service.Spans is [var first, ..] ? first.From : DateTimeOffset.MaxValue);
        return next is null ? (UnbilledReason.NoSubscription, null) : (UnbilledReason.BeforeStart, next.Id);
    }

    private static IEnumerable<DateTimeOffset> CutsOf(ServiceHistory service) =>
        service.Spans.SelectMany(span => (DateTimeOffset?[])[span.From, span.Until]).Append(service.EndedAt).OfType<DateTimeOffset>();

    private static ServiceSpan? SpanAt(ServiceHistory service, DateTimeOffset at) => service.Spans.FirstOrDefault(span => span.From <= at && (span.Until is not { } until || at < until));

    private static bool HasBegun(ServiceHistory service, DateTimeOffset at) => service.Spans is [var first, ..] && first.From <= at;

    private static bool HasEnded(ServiceHistory service, DateTimeOffset at) => service.EndedAt <= at;
}
