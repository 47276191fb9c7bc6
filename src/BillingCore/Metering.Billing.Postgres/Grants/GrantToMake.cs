using Metering.Billing.Credits;

namespace Metering.Billing.Postgres.Grants;

/// <summary>A grant that is wanted.</summary>
/// <param name="Kind">A promotional one is there at once. A paid one is sold by an invoice, and usable once that is paid.</param>
/// <param name="Amount">Above zero.</param>
/// <param name="Reference">The caller's own name for it, used once for ever.</param>
/// <param name="Components">Keys of the components it may be used for; null for all.</param>
/// <param name="Priority">The smaller is used first.</param>
/// <param name="ExpiresAt">After <paramref name="ValidFrom"/>; null for never.</param>
public sealed record GrantToMake(
    string Customer, GrantKind Kind, Money Amount, string Reference, IReadOnlyList<string>? Components, int Priority, DateTimeOffset ValidFrom, DateTimeOffset? ExpiresAt);

/// <summary>Why something cannot be done with a grant, in order of precedence.</summary>
public enum GrantRefusal
{
    None,

    /// <summary>There is no such grant.</summary>
    Unknown,

    UnknownCustomer,

    /// <summary>The reference was used for something else.</summary>
    ReferenceUsed,

    /// <summary>It was given away: there is nothing to refund.</summary>
    GivenAway,

    /// <summary>Its purchase is not paid: that invoice is voided instead.</summary>
    NotPaid,

    /// <summary>It has expired, or its purchase was voided.</summary>
    IsGone,

    NothingLeft,

    /// <summary>More than is left of it.</summary>
    TooMuch,
}

/// <summary>What came of a change: a reason to refuse, or the grant as it is now.</summary>
public readonly record struct GrantChange(GrantRefusal Refusal, GrantRow? Grant);
