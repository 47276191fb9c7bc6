using Metering.Billing.Credits;

namespace Metering.Billing.Postgres.Grants;

public enum GrantState
{
    /// <summary>Its purchase is not paid yet.</summary>
    Pending,

    Usable,

    /// <summary>What was left is gone: lapsed, or ours.</summary>
    Expired,

    /// <summary>Its purchase was voided.</summary>
    Void,
}

/// <summary>Credit that a customer holds.</summary>
/// <param name="Reference">The caller's own name for it, used once for ever.</param>
/// <param name="Components">Keys of the components it may be used for; null for all.</param>
/// <param name="Invoice">That sells it; null for one that was given away.</param>
public sealed record GrantRow(
    string Id, string Reference, string Customer, GrantKind Kind, Money Amount, Money Remaining, GrantState State, IReadOnlyList<string>? Components, int Priority, DateTimeOffset ValidFrom,
    DateTimeOffset? ExpiresAt, DateTimeOffset GrantedAt, string? Invoice)
{
    /// <summary>As invoices use it.</summary>
    public Grant AsGrant() => new(Id, Kind, Remaining, Components?.ToHashSet(StringComparer.Ordinal), Priority, ValidFrom, ExpiresAt, GrantedAt, State == GrantState.Usable);
}

/// <summary>What took from a grant, or gave back to it.</summary>
/// <param name="Cause"><c>invoice:…</c>, <c>credit-note:…</c>, <c>credit-note:…:lapsed</c>, <c>refund:1</c>, <c>expired</c>: once of each for a grant.</param>
/// <param name="Invoice">That it was used on, or is given back of; null for neither.</param>
/// <param name="Amount">Above zero when it was used, below when it was given back.</param>
/// <param name="Order">Of use on the invoice.</param>
public sealed record GrantMove(string Grant, string Cause, string? Invoice, Money Amount, int Order);
