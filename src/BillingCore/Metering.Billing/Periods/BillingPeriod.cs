using Metering.Billing.Zones;

namespace Metering.Billing.Periods;

/// <summary>One billing period. Once stored, it never moves.</summary>
/// <param name="Era">Which stretch of the timeline it belongs to; a new one begins with a new zone, a trial's end or another interval.</param>
/// <param name="Index">The k of its first boundary within the era.</param>
/// <param name="Full">From boundary to boundary: what a share is a part of.</param>
/// <param name="Service">The part of it that the subscription and the era last.</param>
/// <param name="Zone">Whose dates count in it.</param>
public sealed record BillingPeriod(int Era, int Index, TimeRange Full, TimeRange Service, ZoneRules Zone);
