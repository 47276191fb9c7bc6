namespace Metering.Billing.Subscriptions;

/// <summary>One trigger on one subscription: its row of the table, and the checks every operation shares.</summary>
internal sealed record Step(Subscription Subscription, Trigger Trigger, DateTimeOffset At)
{
    public bool StartsLater { get; init; }

    public Standing Standing { get; init; }

    /// <summary>An instant that is asked for and must be later than <see cref="At"/>.</summary>
    public DateTimeOffset? Later { get; init; }

    /// <summary>A reason of the operation's own.</summary>
    public Outcome? RefusedWhen { get; init; }

    /// <param name="facts">What to record before the move, given the first free sequence.</param>
    public Decision Decide(Func<long, IReadOnlyList<SubscriptionFact>>? facts = null)
    {
        if (TransitionTable.Find(Subscription.State, Trigger, Holds) is not { } row)
        {
            return Decision.Refused(Refusals.Of(Subscription.State, Trigger), At);
        }

        if ((RefusedWhen ?? RefusalOfInstants()) is { } reason)
        {
            return Decision.Refused(reason, At);
        }

        List<SubscriptionFact> recorded = [.. facts?.Invoke(Subscription.Version + 1) ?? []];
        recorded.AddRange(PhaseFacts.Of(Subscription, Subscription.With(recorded), row.To, At));
        if (row.To != row.From)
        {
            recorded.Add(new Moved(Subscription.Version + recorded.Count + 1, At, row.To));
        }

        bool moves = row.To != row.From || facts is not null;
        return new Decision(Outcome.Applied, At, recorded, moves ? row.Effects : []) { Trigger = Trigger };
    }

    private Outcome? RefusalOfInstants()
    {
        if (!WholeMinute.Is(At) || (Later is { } later && !WholeMinute.Is(later)))
        {
            return Outcome.NotAWholeMinute;
        }

        if (At < Subscription.LastAt)
        {
            return Outcome.BeforeHistory;
        }

        return Later <= At ? Outcome.NotLater : Later >= Subscription.End && Trigger != Trigger.ScheduleCancel ? Outcome.AfterTheEnd : null;
    }

    private bool Holds(Condition condition) => condition switch
    {
        Condition.Always => true,
        Condition.StartsLater => StartsLater,
        Condition.NeedsFirstPayment => Subscription.NeedsFirstPayment,
        Condition.HasTrial => Subscription.TrialEnd > At,
        Condition.TrialConverts => Subscription.TrialConverts,
        Condition.NothingOverdue => Standing == Standing.Good,
        Condition.WithinGrace => Standing == Standing.Overdue,
        Condition.GraceOver => Standing == Standing.GraceOver,
    };
}
