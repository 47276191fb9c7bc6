using System.Text;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Audit;
using Metering.Billing.Postgres.Outbox;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Ledger;

/// <summary>What people posted or reversed by hand: told to the other roles, and kept.</summary>
internal static class LedgerEvents
{
    public static async Task AddAsync(TenantTransaction transaction, string actor, LedgerTransaction posted, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string what = posted.Reverses.Count > 0 ? "ledger.reversed" : "ledger.posted";
        string body = Encoding.UTF8.GetString(Answer.Json(json => LedgerBodies.Write(json, posted)).Body);
        await OutboxStore.AddAsync(transaction, [new OutboxMessage($"ledger:{posted.Key}", what, body)], now, cancellationToken);
        await AuditLog.AddAsync(transaction, [new AuditEntry(actor, what, $"ledger:{posted.Key}", body)], now, cancellationToken);
    }
}
