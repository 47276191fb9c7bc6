using Metering.Billing.Periods;
using Metering.Billing.Subscriptions;

namespace Metering.Billing.Postgres.Subscriptions;

/// <summary>A subscription as it is stored: the draft and every fact, and what they come to.</summary>
public sealed record StoredSubscription
{
    public required string Id { get; init; }

    /// <summary>The caller's own name for it, used once for ever.</summary>
    public required string? Reference { get; init; }

    public required string Customer { get; init; }

    public required Currency Currency { get; init; }

    public required AnchorRule Anchor { get; init; }

    /// <summary><c>metering</c> or <c>stripe</c>.</summary>
    public required string Issuer { get; init; }

    public required Subscription Draft { get; init; }

    /// <summary>In the order of their sequence.</summary>
    public required IReadOnlyList<SubscriptionFact> Facts { get; init; }

    /// <summary>When each fact was recorded.</summary>
    public required IReadOnlyList<DateTimeOffset> RecordedAt { get; init; }

    /// <summary>What the facts come to.</summary>
    public required Subscription Now { get; init; }

    /// <summary>When the billing run looks at it next; null for never.</summary>
    public required DateTimeOffset? BillAt { get; init; }

    /// <summary>When time brings something next; for one that waits for its first payment, since when it waits. Null for never.</summary>
    public required DateTimeOffset? NextDueAt { get; init; }

    /// <summary>A JSON object of the caller's own.</summary>
    public required string Metadata { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>As it was after a fact; what is beside the facts is as it is now.</summary>
    public StoredSubscription AsOf(long fact) => fact >= Now.Version ? this : this with
    {
        Facts = [.. Facts.TakeWhile(one => one.Sequence <= fact)],
        RecordedAt = [.. RecordedAt.Take(Facts.Count(one => one.Sequence <= fact))],
        Now = Draft.With(Facts.TakeWhile(one => one.Sequence <= fact)),
    };

    public ServiceHistory History => ServiceHistory.Of(Draft, Facts);

    /// <summary>The first instant at which it is not served any more, as far as it is known; null while nothing ends it.</summary>
    public DateTimeOffset? ServedUntil => Now.EndedAt ?? Earliest(Now.CancelAt, Now.End);

    /// <summary>
    /// After a decision. The billing run is to look at it at the minute the decision holds from, or now for one that reaches back: sooner than it would have by itself,
    /// never later.
    /// </summary>
    public StoredSubscription After(Decision decision, DateTimeOffset now)
    {
        Subscription next = Now.With(decision.Facts);
        DateTimeOffset recorded = WholeMinute.From(now);
        DateTimeOffset look = decision.At > now ? decision.At : WholeMinute.Of(now);
        bool isBilled = next.BegunAt is not null || next.State == SubscriptionState.Incomplete;
        bool waits = next.State == SubscriptionState.Incomplete;
        return this with
        {
            Facts = [.. Facts, .. decision.Facts],
            RecordedAt = [.. RecordedAt, .. decision.Facts.Select(_ => now)],
            Now = next,
            BillAt = isBilled ? Earliest(BillAt, look) : BillAt,
            NextDueAt = !waits ? next.NextDue() : Now.State == SubscriptionState.Incomplete ? NextDueAt : recorded,
            UpdatedAt = now,
        };
    }

    private static DateTimeOffset? Earliest(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other ?? one : one;
}
