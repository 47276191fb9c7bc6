using Metering.Billing.Catalog;
using Metering.Billing.Periods;
using Metering.Billing.Proration;

namespace Metering.Billing.Runs;

/// <summary>What a subscribed component costs, when it is billed, and by which version of which plan, for people to find it again.</summary>
/// <param name="PricedBy">Book, version and plan: <c>standard 3, pro</c>.</param>
public sealed record PricedComponent(Component Component, ChargeTiming Timing, BillingInterval Interval, ProrationUnit Proration, string PricedBy);
