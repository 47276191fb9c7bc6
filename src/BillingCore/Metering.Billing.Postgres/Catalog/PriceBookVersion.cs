namespace Metering.Billing.Postgres.Catalog;

/// <param name="State">draft, published or archived.</param>
/// <param name="Body">Canonical JSON of the version's prices.</param>
/// <param name="Revision">Counts its changes.</param>
public sealed record PriceBookVersion(
    string Book, int Version, string State, DateTimeOffset EffectiveFrom, string Body, long Revision, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? PublishedAt, DateTimeOffset? ArchivedAt);

public sealed record PriceBookRow(string Key, string Name, DateTimeOffset CreatedAt);
