namespace Metering.Aggregator.Auditing;

/// <summary>A repair would make it worse; the message says what has to be mended first.</summary>
public sealed class RepairRefusedException(string message) : Exception(message);
