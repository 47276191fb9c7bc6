using Metering.Billing.Credits;

namespace Metering.Billing.Tests.Runs.Model;

/// <summary>Credit that the customer holds.</summary>
/// <param name="grant">As it was made.</param>
/// <param name="soldBy">The invoice that sells it; null for one that was given away.</param>
internal sealed class MemoryGrant(Grant grant, MemoryInvoice? soldBy)
{
    public string Id => grant.Id;

    public bool IsPaid => grant.Kind == GrantKind.Paid;

    public MemoryInvoice? SoldBy => soldBy;

    public Money Remaining { get; set; } = grant.Remaining;

    /// <summary>Its purchase is paid, if it was bought.</summary>
    public bool IsUsable { get; set; } = soldBy is null;

    /// <summary>What was left of it is gone.</summary>
    public bool IsExpired { get; private set; }

    public Grant AsGrant() => grant with { Remaining = Remaining, IsUsable = IsUsable && !IsExpired };

    public bool IsGone(DateTimeOffset now) => IsExpired || (IsPaid && grant.ExpiresAt <= now);

    /// <summary>It has expired, or its purchase was voided.</summary>
    public void End() => (IsExpired, Remaining) = (true, Money.Zero(Remaining.Currency));

    public bool IsOver(DateTimeOffset by) => grant.ExpiresAt <= by;
}

/// <summary>What a grant has paid of an invoice and was not given back.</summary>
internal sealed class MemoryUse(MemoryGrant grant, Money amount)
{
    public MemoryGrant Grant => grant;

    public Money Amount { get; set; } = amount;
}
