namespace Metering.Billing.Zones;

/// <summary>Which rules of a zone: its IANA name, and the release that has them.</summary>
public readonly record struct ZoneName(string Id, string TzdbVersion);
