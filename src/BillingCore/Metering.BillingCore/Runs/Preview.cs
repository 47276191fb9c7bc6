using Metering.Billing.Invoicing;
using Metering.Billing.Postgres.Runs;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Runs;
using Metering.BillingCore.Http;
using Metering.BillingCore.Metered;
using Metering.Storage.ClickHouse;
using Microsoft.Extensions.Options;

namespace Metering.BillingCore.Runs;

/// <summary>The invoice that a subscription would get at an instant, by all that is known now. Nothing is written. Safe for concurrent use.</summary>
internal sealed class Preview(SubscriptionReader subscriptions, ClickHouseDatabase database, IOptions<BillingOptions> options)
{
    /// <param name="at">Null for the next due instant.</param>
    /// <exception cref="RefusedException">There is no such subscription, or nothing is due.</exception>
    public async Task<PreviewedInvoice> ComputeAsync(TenantTransaction transaction, string id, DateTimeOffset? at, CancellationToken cancellationToken)
    {
        IReadOnlyList<BillingProgress> progress = await DueSubscriptions.ReadAsync(transaction, [id], cancellationToken);
        OpenSubscription subscription = (await subscriptions.ReadAsync(transaction, progress, cancellationToken)) is [var found] ? found : throw RefusedException.NotFound($"There is no subscription '{id}'.");
        DateTimeOffset due = at ?? Agenda.NextDue(subscription.History, subscription.After) ?? throw RefusedException.Conflict($"Nothing more is due of subscription '{id}'.");
        SealedUsage? seal = await SealedUsage.FindAsync(database, number: null, cancellationToken);
        IReadOnlyList<RatingScope> scopes = DueCharges.ScopesOf(subscription.History, subscription.After, due, subscription.Issued);
        BilledSubjects subjects = await BilledSubjects.ReadAsync(transaction, [subscription.Customer], cancellationToken);
        if (seal is not null)
        {
            await new UsageOfScopes(database, options.Value.MaxSimulatedEvents).ReadAsync(transaction, seal, [.. scopes.Select(scope => (subscription, scope))], subjects, cancellationToken);
        }

        if (subscription.Held is { } reason)
        {
            throw RefusedException.Conflict($"The usage of subscription '{id}' has no price: {reason}.");
        }

        DueLines lines = DueCharges.Of(subscription.History, subscription.After, due, subscription.Issued, subscription.UsageOf);
        DueLines all = lines with { Charges = [.. lines.Charges, .. subscription.Pending.Select(one => one.Charge)] };
        Invoice invoice = InvoiceComputation.Compute(BillingBatch.InputsOf(subscription, due, all, subjects.Sequence, seal));
        bool isComplete = seal is not null && scopes.All(scope => scope.DueAt <= seal.Upto);
        return new PreviewedInvoice(subscription.Customer, due, seal?.Number ?? 0, seal?.Upto, isComplete, invoice);
    }
}

/// <param name="IsComplete">Whether all usage that it bills is sealed: it can still grow otherwise.</param>
internal sealed record PreviewedInvoice(string Customer, DateTimeOffset DueAt, long Seal, DateTimeOffset? SealedUpto, bool IsComplete, Invoice Invoice);
