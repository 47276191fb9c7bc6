namespace Metering.Testing.Kafka.Wire;

/// <param name="Frame">What the client gets.</param>
/// <param name="IsLast">Whether the connection is closed behind it.</param>
internal readonly record struct OwnAnswer(byte[] Frame, bool IsLast = false);
