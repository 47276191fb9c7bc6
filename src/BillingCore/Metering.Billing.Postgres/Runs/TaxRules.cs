using System.Text.Json;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Postgres.Catalog;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Tax;

namespace Metering.Billing.Postgres.Runs;

/// <summary>The tenant's tax rates, as rules by category and instant.</summary>
public static class TaxRules
{
    private const int MaxRates = 10_000;

    public static async Task<IReadOnlyList<TaxRule>> ReadAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        List<TaxRule> rules = [];
        foreach (CatalogItem item in await CatalogItems.ListAsync(transaction, ItemKind.TaxRate.Name, after: null, MaxRates, cancellationToken))
        {
            using JsonDocument body = JsonDocument.Parse(item.Body);
            rules.Add(TaxRule.Read(item.Key, body.RootElement));
        }

        return rules;
    }
}
