namespace Metering.Billing.Zones;

/// <summary>From this instant on, until the next transition, local time is UTC plus the offset.</summary>
/// <param name="At">UTC.</param>
/// <param name="Offset">Whole seconds; east of Greenwich is positive.</param>
public readonly record struct ZoneTransition(DateTimeOffset At, TimeSpan Offset);
