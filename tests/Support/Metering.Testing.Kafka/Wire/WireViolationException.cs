namespace Metering.Testing.Kafka.Wire;

/// <summary>A client did what the protocol, or the part of it that is simulated, does not allow. Its connection is closed, as a broker does.</summary>
internal sealed class WireViolationException(string what) : Exception(what);
