using Metering.Contracts;

namespace Metering.Aggregator.Engine.Windowing;

/// <summary>A window, or one point of it, outside the data plane.</summary>
/// <param name="Meter">Revision.</param>
/// <param name="Minute">Minutes since 1970 UTC.</param>
/// <param name="PointTicks">.NET ticks; 0 when the aggregation has no time in its points.</param>
public readonly record struct WindowKey(
    string Tenant, uint Meter, string Subject, int Minute, IReadOnlyList<string> Group, Quantity PointValue, long PointTicks, EventIdentity PointId);
