namespace Metering.Billing.Subscriptions;

/// <summary>What came of a trigger, in order of precedence: of several reasons to refuse, the first is given.</summary>
public enum Outcome
{
    Applied,

    /// <summary>It was canceled before; nothing more happens to it.</summary>
    AlreadyCanceled,

    /// <summary>It expired before; nothing more happens to it.</summary>
    AlreadyExpired,

    /// <summary>It is in force already: activated, started, paid for the first time.</summary>
    AlreadyActive,

    /// <summary>It has not been activated, or its start is still to come.</summary>
    NotStarted,

    /// <summary>It waits for its first payment.</summary>
    AwaitingPayment,

    /// <summary>It is not in a trial.</summary>
    NotTrialing,

    /// <summary>A trial costs nothing: extend it instead.</summary>
    StillTrialing,

    /// <summary>Resume it first.</summary>
    IsPaused,

    /// <summary>There is no pause to end.</summary>
    NotPaused,

    /// <summary>It will be canceled; undo that first.</summary>
    CancelPending,

    /// <summary>There is nothing to undo, or nothing that is due.</summary>
    NothingPending,

    /// <summary>Another subscription takes over when this one ends.</summary>
    AnotherFollows,

    /// <summary>A pause has an end or a length, not both.</summary>
    PauseEndsTwice,

    /// <summary>Instants that separate usage are whole UTC minutes.</summary>
    NotAWholeMinute,

    /// <summary>The instant is before something that is recorded already.</summary>
    BeforeHistory,

    /// <summary>What is to come later must be later than now.</summary>
    NotLater,

    /// <summary>The instant is at or after the end of the subscription.</summary>
    AfterTheEnd,
}
