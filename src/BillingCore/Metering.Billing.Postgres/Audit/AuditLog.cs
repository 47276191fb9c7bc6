using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Audit;

/// <summary>Who did what.</summary>
/// <param name="Actor">Who asked for it: <c>api</c>, or the job that did it by itself: <c>clock</c>.</param>
/// <param name="Action">What was done: <c>subscription.canceled</c>.</param>
/// <param name="Subject">To what: <c>subscription:sub_…</c>.</param>
/// <param name="Detail">A JSON object.</param>
public sealed record AuditEntry(string Actor, string Action, string Subject, string Detail);

/// <summary>What was done, in the transaction that did it. Rows are added and never changed.</summary>
public static class AuditLog
{
    public static async Task AddAsync(TenantTransaction transaction, IReadOnlyList<AuditEntry> entries, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.audit_log (tenant_id, at, actor, action, subject, detail)
            select $1, $6, actor, action, subject, detail::json
            from unnest($2::text[], $3::text[], $4::text[], $5::text[]) with ordinality as entry (actor, action, subject, detail, n) order by n
            """,
            transaction.Tenant, entries.Select(one => one.Actor).ToArray(), entries.Select(one => one.Action).ToArray(), entries.Select(one => one.Subject).ToArray(),
            entries.Select(one => one.Detail).ToArray(), now);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
