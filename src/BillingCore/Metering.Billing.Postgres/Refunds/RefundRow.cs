namespace Metering.Billing.Postgres.Refunds;

/// <summary>What a refund pays out: what a credit note left to be refunded, or what was refunded of a grant.</summary>
/// <param name="Note">A credit note; null for a grant.</param>
/// <param name="Grant">Null for a credit note.</param>
public readonly record struct RefundSource(string? Note, string? Grant);

/// <param name="Reference">The caller's own name for it, used once for ever.</param>
/// <param name="Amount">Above zero.</param>
public sealed record RefundToSend(RefundSource Source, string Reference, Money Amount, DateTimeOffset SentAt);

/// <param name="FailedAt">Null unless the money came back; then it is payable again.</param>
public sealed record RefundRow(
    string Id, string Reference, string Customer, RefundSource Source, Money Amount, DateTimeOffset SentAt, DateTimeOffset CreatedAt, DateTimeOffset? FailedAt, string? FailReason)
{
    public string State => FailedAt is null ? "sent" : "failed";
}

/// <summary>Why a refund is not recorded, or did not fail; the first that holds.</summary>
public enum RefundRefusal
{
    None,

    /// <summary>There is no such refund.</summary>
    Unknown,

    /// <summary>There is no such credit note or grant.</summary>
    UnknownSource,

    /// <summary>The reference was used for something else.</summary>
    ReferenceUsed,

    OtherCurrency,

    /// <summary>All that was payable of it is sent, or none ever was.</summary>
    NothingLeft,

    /// <summary>Less is payable of it.</summary>
    TooMuch,

    /// <summary>Manual postings have taken from refunds payable what this one needs.</summary>
    Overdrawn,

    HasFailed,
}

/// <summary>What came of a change: a reason to refuse, or the refund as it is then.</summary>
public readonly record struct RefundChange(RefundRefusal Refusal, RefundRow? Refund)
{
    public static implicit operator RefundChange(RefundRefusal refusal) => new(refusal, null);

    public static implicit operator RefundChange(RefundRow refund) => new(RefundRefusal.None, refund);
}
