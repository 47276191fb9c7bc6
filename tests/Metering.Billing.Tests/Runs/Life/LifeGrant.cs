namespace Metering.Billing.Tests.Runs.Life;

/// <summary>Credit that was given away, or sold by an invoice.</summary>
/// <param name="Components">That it may be used for; null for all.</param>
internal sealed record LifeGrant(string Id, bool IsPaid, string[]? Components, int Priority, DateTimeOffset From, DateTimeOffset? Until, DateTimeOffset At, LifeInvoice? SoldBy)
{
    public long Left { get; set; }

    /// <summary>It has expired, or its purchase was voided.</summary>
    public bool IsGone { get; set; }

    public bool IsUsable => !IsGone && SoldBy is null or { Remaining: 0 };

    public bool Covers(LifeLine line) => (Components?.Contains(line.Component) ?? true) && line.From < (Until ?? DateTimeOffset.MaxValue) && line.To > From;
}

/// <summary>What a grant has paid of an invoice, and was not given back.</summary>
internal sealed class LifeGrantUse(LifeGrant grant, long amount)
{
    public LifeGrant Grant => grant;

    public long Amount { get; set; } = amount;
}
