namespace Metering.Billing.Ledger;

/// <summary>When a transaction is written down, and for which day.</summary>
/// <param name="EffectiveOn">The accounting day. Its month must be open.</param>
/// <param name="BookedAt">The instant of writing; balances are asked for as of such an instant.</param>
public readonly record struct Booking(DateOnly EffectiveOn, DateTimeOffset BookedAt);
