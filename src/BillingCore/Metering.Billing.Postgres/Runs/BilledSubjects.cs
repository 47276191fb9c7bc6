using Metering.Billing.Periods;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Runs;

/// <summary>A subject that was a customer's.</summary>
/// <param name="Until">Null while it is.</param>
public readonly record struct MappedSubject(string Subject, DateTimeOffset From, DateTimeOffset? Until)
{
    /// <summary>What of the time the subject was the customer's; empty when none.</summary>
    public TimeRange Within(TimeRange time) => time.Intersect(new TimeRange(From, Until ?? DateTimeOffset.MaxValue));
}

/// <summary>Whose usage customers pay for, as the mapping is now, and the number of its last change.</summary>
public sealed record BilledSubjects(long Sequence, ILookup<string, MappedSubject> ByCustomer)
{
    public static async Task<BilledSubjects> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> customers, CancellationToken cancellationToken)
    {
        List<(string Customer, MappedSubject Subject)> found = [];
        long sequence = 0;
        await using NpgsqlCommand command = transaction.Command(
            """
            select t.mapping_seq, m.customer, m.subject, m.valid_from, m.valid_until
            from billing.tenant t left join billing.customer_subject m on m.tenant_id = t.tenant_id and m.customer = any($2) and m.superseded_by is null
            where t.tenant_id = $1 order by m.subject, m.valid_from
            """,
            transaction.Tenant, customers.ToArray());
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            sequence = reader.GetInt64(0);
            if (!reader.IsDBNull(1))
            {
                found.Add((reader.GetString(1), new MappedSubject(reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3), reader.IsDBNull(4) ? null : reader.GetFieldValue<DateTimeOffset>(4))));
            }
        }

        return new BilledSubjects(sequence, found.ToLookup(one => one.Customer, one => one.Subject, StringComparer.Ordinal));
    }
}
