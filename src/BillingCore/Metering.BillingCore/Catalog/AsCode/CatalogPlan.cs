using System.Text;
using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Catalog.Samples;
using Metering.Billing.Postgres.Catalog;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Catalog.AsCode;

/// <summary>What would become of the catalogue if it were as a document says, and the same made true.</summary>
internal sealed record CatalogPlan(StoredCatalog Stored, CatalogDocument Proposed, IReadOnlyList<CatalogChange> Changes)
{
    private readonly Dictionary<string, PriceBookEntry> _there = Stored.Document.PriceBooks.ToDictionary(book => book.Key, StringComparer.Ordinal);

    public bool ChangesNothing => Changes.All(change => change.Action == CatalogAction.Unchanged);

    /// <exception cref="RefusedException">The document says something that cannot be, or names something that is not there.</exception>
    public static async Task<CatalogPlan> MakeAsync(TenantTransaction transaction, JsonElement body, CancellationToken cancellationToken)
    {
        StoredCatalog stored = await StoredCatalog.ReadAsync(transaction, cancellationToken);
        IReadOnlyDictionary<string, MeterFacts> meters = await PricedMeters.ReadAsync(transaction, cancellationToken);
        List<Problem> problems = [];
        CatalogDocument proposed = CatalogReader.Read(body, meters.GetValueOrDefault, problems);
        RefusedException.ThrowIfAny(problems);
        CatalogPlan plan = new(stored, proposed, CatalogDiff.Between(stored.Document, proposed));
        await plan.RefuseDraftsAsync(transaction, cancellationToken);
        return plan;
    }

    public IEnumerable<SampleBill> SampleBills() => Proposed.PriceBooks.SelectMany(book => Billing.Catalog.Samples.SampleBills.Between(_there.GetValueOrDefault(book.Key), book));

    /// <summary>The catalogue is locked, and stays so until the transaction ends.</summary>
    public async Task ApplyAsync(TenantTransaction transaction, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (CatalogChange change in Changes.Where(change => change.Action == CatalogAction.Archived))
        {
            await (change.Kind == PriceBookEntry.Kind
                ? PriceBooks.ArchivePublishedAsync(transaction, change.Key, now, cancellationToken)
                : CatalogItems.ArchiveAsync(transaction, change.Kind, change.Key, now, cancellationToken));
        }

        HashSet<(string Kind, string Key)> written = [.. Changes.Where(change => change.Action is CatalogAction.Created or CatalogAction.Changed).Select(change => (change.Kind, change.Key))];
        foreach (CatalogEntry item in Proposed.Items.Where(item => written.Contains((item.Kind.Name, item.Key))))
        {
            await CatalogItems.PutAsync(transaction, item.Kind.Name, item.Key, item.Body, now, cancellationToken);
        }

        foreach (PriceBookEntry book in Proposed.PriceBooks.Where(book => written.Contains((PriceBookEntry.Kind, book.Key))))
        {
            await PriceBooks.PutBookAsync(transaction, book.Key, book.Name, now, cancellationToken);
            if (IsNewVersion(book))
            {
                await PublishAsync(transaction, book, now, cancellationToken);
            }
        }
    }

    private static async Task PublishAsync(TenantTransaction transaction, PriceBookEntry book, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string body = Encoding.UTF8.GetString(PriceBookWriter.Bytes(book.Version));
        PriceBookVersion draft = await PriceBooks.PutDraftAsync(transaction, book.Key, book.Version.EffectiveFrom, body, now, cancellationToken);
        await PriceBooks.PublishAsync(transaction, book.Key, draft.Version, book.Version.Meters().ToArray(), now, cancellationToken);
    }

    /// <summary>Another name is no other price.</summary>
    private bool IsNewVersion(PriceBookEntry book) =>
        !_there.TryGetValue(book.Key, out PriceBookEntry? there) || !PriceBookWriter.Bytes(there.Version).AsSpan().SequenceEqual(PriceBookWriter.Bytes(book.Version));

    /// <summary>A book has one draft at a time, and the draft is somebody's work.</summary>
    private async Task RefuseDraftsAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        foreach (PriceBookEntry book in Proposed.PriceBooks.Where(IsNewVersion))
        {
            if (await PriceBooks.VersionsAsync(transaction, book.Key, before: null, 1, cancellationToken) is [{ State: "draft" } draft])
            {
                throw RefusedException.Conflict($"Price book '{book.Key}' has a draft, version {draft.Version}: publish or delete it first.");
            }
        }
    }
}
