namespace Metering.Billing.Subscriptions;

/// <summary>What an operation comes to: facts to record and effects to carry out in one transaction, or the reason why not.</summary>
/// <param name="At">The minute it holds from; "now" is the next whole minute, and the answer says which.</param>
public sealed record Decision(Outcome Outcome, DateTimeOffset At, IReadOnlyList<SubscriptionFact> Facts, IReadOnlyList<Effect> Effects)
{
    /// <summary>What it was decided on; null when another subscription follows, which moves nothing.</summary>
    public Trigger? Trigger { get; init; }

    public bool IsApplied => Outcome == Outcome.Applied;

    internal static Decision Refused(Outcome reason, DateTimeOffset at) => new(reason, at, [], []);
}
