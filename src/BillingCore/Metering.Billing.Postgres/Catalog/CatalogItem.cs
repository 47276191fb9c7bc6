namespace Metering.Billing.Postgres.Catalog;

/// <summary>Something of the catalogue that has a key.</summary>
/// <param name="Kind">Which: <c>product</c>, <c>feature</c>, <c>tax_rate</c>, <c>discount</c>, <c>override</c>.</param>
/// <param name="Body">Canonical JSON.</param>
/// <param name="Revision">Counts its changes.</param>
public sealed record CatalogItem(string Kind, string Key, string Body, long Revision, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? ArchivedAt);
