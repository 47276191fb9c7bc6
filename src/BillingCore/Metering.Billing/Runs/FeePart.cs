using System.Globalization;
using Metering.Billing.Periods;
using Metering.Billing.Proration;

namespace Metering.Billing.Runs;

/// <summary>A stretch of one billing period in which a fee runs unchanged: one price, one quantity.</summary>
/// <param name="Price">Name of the price's content.</param>
/// <param name="Time">Within the period.</param>
internal sealed record FeePart(string Component, string Price, Fraction Quantity, BillingPeriod Period, TimeRange Time, PricedComponent Terms)
{
    /// <summary>Stays the same when the part becomes shorter.</summary>
    public string Key => string.Create(CultureInfo.InvariantCulture, $"{Component}#{Price}{Times}@{Time.Start.UtcDateTime:yyyyMMdd'T'HHmm}");

    /// <summary>Other seats from the same instant on are another part, although the price is the same.</summary>
    private string Times => Quantity == Fraction.One ? "" : $"x{Quantity}";

    public DateTimeOffset DueAt => Terms.Timing == ChargeTiming.Arrears ? Period.Service.End : Time.Start;
}
