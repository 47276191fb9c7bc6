using static Metering.Billing.Subscriptions.Condition;
using static Metering.Billing.Subscriptions.Effect;
using static Metering.Billing.Subscriptions.SubscriptionState;
using static Metering.Billing.Subscriptions.Trigger;

namespace Metering.Billing.Subscriptions;

/// <summary>
/// The whole life of a subscription on one screen. Of the rows of a state and a trigger, the first whose condition holds is taken; where there is no row, the
/// trigger is refused (<see cref="Refusals"/>).
/// </summary>
public static class TransitionTable
{
    private static readonly SubscriptionState[] s_running = [Trialing, Active, PastDue, Unpaid];
    private static readonly SubscriptionState[] s_charged = [Active, PastDue, Unpaid];

    public static IReadOnlyList<Transition> Rows { get; } =
    [
        .. On(Activate, [Draft], StartsLater, Scheduled),
        .. On(Activate, [Draft], NeedsFirstPayment, Incomplete, IssueFirstInvoice),
        .. On(Activate, [Draft], HasTrial, Trialing, StartPeriods, GrantAccess),
        .. On(Activate, [Draft], Always, Active, StartPeriods, BillAdvance, GrantAccess),
        .. On(StartDue, [Scheduled], NeedsFirstPayment, Incomplete, IssueFirstInvoice),
        .. On(StartDue, [Scheduled], HasTrial, Trialing, StartPeriods, GrantAccess),
        .. On(StartDue, [Scheduled], Always, Active, StartPeriods, BillAdvance, GrantAccess),
        .. On(FirstPayment, [Incomplete], HasTrial, Trialing, StartPeriods, GrantAccess),
        .. On(FirstPayment, [Incomplete], Always, Active, StartPeriods, GrantAccess),
        .. On(Lapse, [Incomplete], Always, Expired, VoidFirstInvoice),

        .. Stay(ExtendTrial, [Trialing]),
        .. On(ConvertTrial, [Trialing], Always, Active, StartPeriods, BillAdvance),
        .. On(TrialEndDue, [Trialing], TrialConverts, Active, StartPeriods, BillAdvance),
        .. On(TrialEndDue, [Trialing], Always, Expired, BillFinal, RevokeAccess),

        .. Stay(Change, [Scheduled]),
        .. Stay(Change, s_running, Prorate),
        .. Stay(ScheduleChange, s_running),
        .. Stay(ChangeDue, [.. s_running, Paused], Prorate),

        .. On(Reassess, s_charged, GraceOver, Unpaid, RevokeAccess),
        .. On(Reassess, s_charged, WithinGrace, PastDue, GrantAccess),
        .. On(Reassess, s_charged, NothingOverdue, Active, GrantAccess),

        .. On(Pause, s_charged, Always, Paused, CreditUnused, RevokeAccess),
        .. On(Resume, [Paused], GraceOver, Unpaid, BillAdvance),
        .. On(Resume, [Paused], WithinGrace, PastDue, BillAdvance, GrantAccess),
        .. On(Resume, [Paused], NothingOverdue, Active, BillAdvance, GrantAccess),
        .. On(ResumeDue, [Paused], GraceOver, Unpaid, BillAdvance),
        .. On(ResumeDue, [Paused], WithinGrace, PastDue, BillAdvance, GrantAccess),
        .. On(ResumeDue, [Paused], NothingOverdue, Active, BillAdvance, GrantAccess),

        .. On(Cancel, [Draft, Scheduled], Always, Canceled),
        .. On(Cancel, [Incomplete], Always, Canceled, VoidFirstInvoice),
        .. On(Cancel, [.. s_running, Paused], Always, Canceled, CreditUnused, BillFinal, RevokeAccess),
        .. Stay(ScheduleCancel, [.. s_running, Paused]),
        .. On(CancelDue, [.. s_running, Paused], Always, Canceled, CreditUnused, BillFinal, RevokeAccess),
        .. On(EndDue, [.. s_running, Paused], Always, Expired, CreditUnused, BillFinal, RevokeAccess),
        .. Stay(Undo, [.. s_running, Paused]),
    ];

    /// <summary>The row that is taken; null when the trigger is refused in this state.</summary>
    public static Transition? Find(SubscriptionState state, Trigger trigger, Func<Condition, bool> holds) =>
        Rows.FirstOrDefault(row => row.From == state && row.On == trigger && holds(row.When));

    private static IEnumerable<Transition> On(Trigger trigger, SubscriptionState[] from, Condition when, SubscriptionState to, params Effect[] effects) =>
        from.Select(state => new Transition(state, trigger, when, to, effects));

    private static IEnumerable<Transition> Stay(Trigger trigger, SubscriptionState[] states, params Effect[] effects) =>
        states.Select(state => new Transition(state, trigger, Always, state, effects));
}
