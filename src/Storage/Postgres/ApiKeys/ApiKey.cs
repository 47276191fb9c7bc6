namespace Metering.Storage.Postgres.ApiKeys;

/// <summary>A key as it may be shown: everything but the secret, which nobody has any more.</summary>
/// <param name="Id">A ULID.</param>
/// <param name="Tenant">Whose usage it may send.</param>
/// <param name="Name">For people.</param>
/// <param name="Prefix">The start of the secret, for people to recognise it.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="RevokedAt">When it stopped being valid; null while it is.</param>
public sealed record ApiKey(string Id, string Tenant, string Name, string Prefix, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);

/// <param name="Key">The stored part.</param>
/// <param name="Secret">Shown once: only its hash is stored.</param>
public sealed record NewApiKey(ApiKey Key, string Secret);
