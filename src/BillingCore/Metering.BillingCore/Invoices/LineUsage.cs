using System.Text.Json;
using Metering.Aggregator.Engine.Meters;
using Metering.Billing.Catalog;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Customers;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Runs;
using Metering.Billing.Simulation;
using Metering.Billing.Subscriptions;
using Metering.Billing.Zones;
using Metering.BillingCore.Http;
using Metering.BillingCore.Metered;
using Metering.Storage.ClickHouse;

namespace Metering.BillingCore.Invoices;

/// <summary>What a usage line of a final invoice counted: of which meter, of whom, when, and as of which seal.</summary>
/// <param name="Source">The meter, and the values that the component and the line's cell let through.</param>
/// <param name="Ranges">Empty when nobody's usage was the customer's.</param>
internal sealed record LineUsage(InvoiceLineRow Line, FrozenUsage Frozen, CellKey Cell, UsageSource Source, MeterRevision Meter, SealedUsage Seal, IReadOnlyList<ScopeRange> Ranges)
{
    public UsageNeed Need => UsageNeed.QuantityOf(Source);

    /// <exception cref="RefusedException">The line counted no events, or what it counted by is gone.</exception>
    public static async Task<LineUsage> FindAsync(TenantTransaction transaction, ClickHouseDatabase database, InvoiceView view, int number, CancellationToken cancellationToken)
    {
        (JsonElement body, InvoiceLineRow line) = view.BodyLines().ElementAt(number - 1);
        CellKey cell = new(body.GetProperty("cell").EnumerateObject().Select(one => KeyValuePair.Create(one.Name, one.Value.GetString()!)));
        StoredInvoice stored = (await InvoiceStore.StoredAsync(transaction, [line.Invoice], after: null, 1, cancellationToken))[0];
        if (line.Kind != InvoiceBodies.UsageLine || FrozenUsage.Find(stored.Inputs, line.Period, line.Key, cell) is not { } frozen)
        {
            throw RefusedException.NotFound($"Line {line.Id} is no usage: it counted no events.");
        }

        string price = ScopeTime.PriceOf(line.Component, frozen.Charge.Key);
        ComponentContent? content = (await PriceContents.ReadAsync(transaction, [price], cancellationToken)).GetValueOrDefault(price);
        if (content?.Read(line.Component, line.Component, _ => MeterAggregation.Sum).Component.Source is not { } source)
        {
            throw RefusedException.NotFound($"Line {line.Id} has no meter: it counted no events.");
        }

        MeterRevision meter = (await CountedRevisions.ReadAsync(transaction, cancellationToken)).GetValueOrDefault(source.Meter)
            ?? throw RefusedException.Conflict($"Meter '{source.Meter}' of line {line.Id} is gone, and its events cannot be told from others.");
        SealedUsage seal = await SealedUsage.FindAsync(database, frozen.Inputs.Seal, cancellationToken)
            ?? throw RefusedException.Conflict($"Seal {frozen.Inputs.Seal}, which line {line.Id} is as of, is not known.");
        IReadOnlyList<ScopeRange> ranges = await RangesAsync(transaction, view.Invoice, line, frozen, cancellationToken);
        return new LineUsage(line, frozen, cell, Within(source, cell), meter, seal with { ApprovedHistory = frozen.Inputs.ApprovedHistorySeal }, ranges);
    }

    /// <summary>Subjects and minutes, by the histories as they were recorded when the invoice was made.</summary>
    private static async Task<IReadOnlyList<ScopeRange>> RangesAsync(TenantTransaction transaction, InvoiceRow invoice, InvoiceLineRow line, FrozenUsage frozen, CancellationToken cancellationToken)
    {
        StoredSubscription subscription = await SubscriptionStore.FindAsync(transaction, TzdbZones.Instance, frozen.Inputs.Subscription, cancellationToken)
            ?? throw new InvalidDataException($"Invoice {invoice.Id} has lost its subscription.");
        ServiceHistory service = ServiceHistory.Of(subscription.Draft, subscription.Facts.Where(fact => fact.Sequence <= frozen.Inputs.HistorySequence));
        long mapping = frozen.Inputs.MappingSequence ?? await SubjectMappings.SequenceAtAsync(transaction, invoice.IssuedAt!.Value, cancellationToken);
        IReadOnlyList<SubjectMapping> subjects = await SubjectMappings.ReadAsync(transaction, [invoice.Customer], mapping, cancellationToken);
        return
        [
            .. from active in ScopeTime.Of(service, line.Component, frozen.Charge.Key, line.Service)
               from subject in subjects
               let time = active.Intersect(new TimeRange(subject.ValidFrom, subject.ValidUntil ?? DateTimeOffset.MaxValue))
               where !time.IsEmpty
               select new ScopeRange(0, subject.Subject, time),
        ];
    }

    /// <summary>A line about one cell counts that cell only.</summary>
    private static UsageSource Within(UsageSource source, CellKey cell)
    {
        Dictionary<string, IReadOnlySet<string>> filter = new(source.Filter, StringComparer.Ordinal);
        foreach ((string dimension, string value) in cell.Values)
        {
            filter[dimension] = new HashSet<string>(StringComparer.Ordinal) { value };
        }

        return source with { Filter = filter };
    }
}
