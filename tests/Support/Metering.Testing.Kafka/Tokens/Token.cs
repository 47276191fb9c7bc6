namespace Metering.Testing.Kafka.Tokens;

/// <param name="Subject">Who it is for.</param>
/// <param name="Scope">What it allows.</param>
/// <param name="Expires">From then on it is worth nothing. Whole seconds.</param>
public sealed record Token(string Subject, string Scope, DateTimeOffset Expires);
