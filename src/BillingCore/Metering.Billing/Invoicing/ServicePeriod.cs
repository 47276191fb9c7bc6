namespace Metering.Billing.Invoicing;

/// <summary>When what a line bills was rendered: half-open, whole UTC minutes. From equal to To is a moment: a one-time charge.</summary>
public readonly record struct ServicePeriod(DateTimeOffset From, DateTimeOffset To)
{
    /// <param name="until">Null for ever.</param>
    public bool Overlaps(DateTimeOffset from, DateTimeOffset? until) =>
        (From == To ? From >= from : To > from) && (until is not { } end || From < end);
}
