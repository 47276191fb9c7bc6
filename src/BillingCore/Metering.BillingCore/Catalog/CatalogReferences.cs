using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Postgres.Catalog;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Catalog;

/// <summary>What the things of a catalogue say of each other, and of meters, must be true when they are written.</summary>
internal static class CatalogReferences
{
    /// <exception cref="RefusedException">It names something that is not there.</exception>
    public static async Task CheckAsync(TenantTransaction transaction, ItemKind kind, byte[] body, CancellationToken cancellationToken)
    {
        if (kind != ItemKind.Feature)
        {
            return;
        }

        using JsonDocument feature = JsonDocument.Parse(body);
        List<Problem> problems = [];
        if (feature.RootElement.TryGetProperty("product", out JsonElement product)
            && await CatalogItems.FindAsync(transaction, ItemKind.Product.Name, product.GetString()!, cancellationToken) is not { ArchivedAt: null })
        {
            problems.Add(new Problem("product", $"there is no product '{product.GetString()}'"));
        }

        if (feature.RootElement.TryGetProperty("meter", out JsonElement meter) && !(await PricedMeters.ReadAsync(transaction, cancellationToken)).ContainsKey(meter.GetString()!))
        {
            problems.Add(new Problem("meter", $"there is no meter '{meter.GetString()}'"));
        }

        RefusedException.ThrowIfAny(problems);
    }

    /// <summary>Reads a price book version against the catalogue as it is.</summary>
    /// <exception cref="RefusedException">It cannot be published.</exception>
    public static async Task<PriceBookDocument> ReadAsync(TenantTransaction transaction, JsonElement body, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, MeterFacts> meters = await PricedMeters.ReadAsync(transaction, cancellationToken);
        HashSet<string> products = [.. (await CatalogItems.AllAsync(transaction, cancellationToken)).Where(item => item.Kind == ItemKind.Product.Name).Select(item => item.Key)];
        List<Problem> problems = [];
        PriceBookDocument book = PriceBookReader.Read(body, meters.GetValueOrDefault, products, problems);
        RefusedException.ThrowIfAny(problems);
        return book;
    }
}
