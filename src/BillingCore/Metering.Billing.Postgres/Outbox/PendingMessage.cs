namespace Metering.Billing.Postgres.Outbox;

/// <summary>A message that was not relayed yet.</summary>
/// <param name="Sequence">Rises in the order of what happened to an aggregate.</param>
/// <param name="Id">The same for every copy.</param>
public sealed record PendingMessage(string Tenant, long Sequence, Guid Id, string Aggregate, string Type, string Body, DateTimeOffset CreatedAt);
