using System.Text.Json;
using Metering.Billing.Postgres.Audit;
using Metering.Billing.Postgres.Outbox;
using Metering.Billing.Postgres.Tenancy;

namespace Metering.Billing.Postgres.Grants;

/// <summary>What happened to grants: told to the other roles, and kept.</summary>
internal static class GrantEvents
{
    /// <param name="what">created, refunded, expired.</param>
    public static async Task AddAsync(TenantTransaction transaction, string actor, GrantRow grant, string what, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string body = JsonSerializer.Serialize(new Dictionary<string, string?>
        {
            ["grant"] = grant.Id,
            ["customer"] = grant.Customer,
            ["kind"] = grant.Kind.Name(),
            ["state"] = grant.State.Name(),
            ["currency"] = grant.Amount.Currency.Code,
            ["amount"] = grant.Amount.ToString(),
            ["remaining"] = grant.Remaining.ToString(),
        });
        await OutboxStore.AddAsync(transaction, [new OutboxMessage($"grant:{grant.Id}", $"grant.{what}", body)], now, cancellationToken);
        await AuditLog.AddAsync(transaction, [new AuditEntry(actor, $"grant.{what}", $"grant:{grant.Id}", body)], now, cancellationToken);
    }
}
