using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Postgres.Catalog;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Simulation;
using Metering.Billing.Subscriptions;
using Metering.BillingCore.Catalog.AsCode;

namespace Metering.BillingCore.Subscriptions;

/// <summary>The plans that subscriptions pin, as each customer has them. Reads a version once in its transaction.</summary>
internal sealed class PinnedPlans(TenantTransaction transaction, CancellationToken cancellationToken)
{
    private readonly Dictionary<(string Book, int Version), (PriceBookVersion Row, PriceBookDocument Document)?> _versions = [];
    private readonly Dictionary<(string Book, string Plan, string Customer), IReadOnlyList<PriceOverride>> _overrides = [];

    /// <summary>The newest published version of a book that is effective by then; null when there is none.</summary>
    public async Task<int?> NewestAsync(string book, DateTimeOffset at) =>
        (await PriceBooks.AppliedAsync(transaction, book, at, except: 0, cancellationToken))?.Version;

    /// <summary>Reads what some customers pay instead, before each of them is asked for.</summary>
    public async Task ReadOverridesAsync(string book, string plan, IEnumerable<string> customers)
    {
        string[] unread = [.. customers.Distinct(StringComparer.Ordinal).Where(customer => !_overrides.ContainsKey((book, plan, customer)))];
        if (unread.Length == 0)
        {
            return;
        }

        IReadOnlyList<string> bodies = await PriceOverrides.ReadAsync(transaction, book, plan, unread, cancellationToken);
        ILookup<string, PriceOverride> read = bodies.Select(Read).ToLookup(one => one.Customer, StringComparer.Ordinal);
        foreach (string customer in unread)
        {
            _overrides[(book, plan, customer)] = [.. read[customer]];
        }
    }

    /// <summary>A plan as the customer has it from an instant on, or why nobody can have it.</summary>
    /// <param name="isPinned">Whether the subscription has this version already: then it may be an archived one.</param>
    public async Task<(PlanTerms? Plan, Problem? Problem)> FindAsync(string book, int version, string plan, string customer, DateTimeOffset at, bool isPinned)
    {
        if (await VersionAsync(book, version) is not { } found || found.Row.State == "draft")
        {
            return (null, new Problem("version", $"price book '{book}' has no published version {version}"));
        }

        if (found.Row.State == "archived" && !isPinned)
        {
            return (null, new Problem("version", $"version {version} of price book '{book}' is archived: nobody new can have it"));
        }

        if (at < found.Row.EffectiveFrom)
        {
            return (null, new Problem("version", $"version {version} of price book '{book}' can be had from {found.Row.EffectiveFrom:yyyy-MM-dd'T'HH:mm'Z'} on, not from {at:yyyy-MM-dd'T'HH:mm'Z'}"));
        }

        await ReadOverridesAsync(book, plan, [customer]);
        IEnumerable<PriceOverride> valid = _overrides[(book, plan, customer)].Where(one => one.IsValidAt(at)).DistinctBy(one => one.Component);
        return PlanTerms.Of(book, version, found.Document, plan, valid) is { } terms
            ? (terms, null)
            : (null, new Problem("plan", $"version {version} of price book '{book}' has no plan '{plan}'"));
    }

    private async Task<(PriceBookVersion Row, PriceBookDocument Document)?> VersionAsync(string book, int version)
    {
        if (!_versions.TryGetValue((book, version), out (PriceBookVersion Row, PriceBookDocument Document)? known))
        {
            PriceBookVersion? row = await PriceBooks.FindAsync(transaction, book, version, cancellationToken);
            known = row is null ? null : (row, StoredCatalog.ReadBook(row));
            _versions.Add((book, version), known);
        }

        return known;
    }

    private static PriceOverride Read(string body)
    {
        using JsonDocument document = JsonDocument.Parse(body);
        return PriceOverride.Read(document.RootElement);
    }
}
