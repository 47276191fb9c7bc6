using Metering.Billing.Customers;
using Metering.Billing.Postgres.Runs;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Zones;
using Npgsql;

namespace Metering.Billing.Postgres.Customers;

/// <summary>
/// Whose usage the subjects are. Every change has a number within its tenant, and what it replaces is kept: an invoice names the last change it was computed from, and
/// the mapping as of that change can be asked for ever.
/// </summary>
public static class SubjectMappings
{
    private const string Columns = "subject, customer, valid_from, valid_until, seq";

    /// <summary>The last change; 0 before there is one.</summary>
    public static async Task<long> SequenceAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command("select mapping_seq from billing.tenant where tenant_id = $1", transaction.Tenant);
        return await command.ExecuteScalarAsync(cancellationToken) as long? ?? 0;
    }

    /// <summary>The last change that had been recorded by an instant; 0 before there is one.</summary>
    public static async Task<long> SequenceAtAsync(TenantTransaction transaction, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select coalesce(max(seq), 0) from billing.customer_subject where tenant_id = $1 and recorded_at <= $2", transaction.Tenant, at);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Of these customers, by subject and time.</summary>
    /// <param name="asOf">As it was after this change.</param>
    public static async Task<IReadOnlyList<SubjectMapping>> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> customers, long asOf, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""
            select {Columns} from billing.customer_subject
            where tenant_id = $1 and customer = any($2) and seq <= $3 and (superseded_by is null or superseded_by > $3) order by subject, valid_from
            """,
            transaction.Tenant, customers.ToArray(), asOf);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>Of these subjects as it is now, by subject and time.</summary>
    public static async Task<IReadOnlyList<SubjectMapping>> OfSubjectsAsync(TenantTransaction transaction, IReadOnlyList<string> subjects, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"select {Columns} from billing.customer_subject where tenant_id = $1 and subject = any($2) and superseded_by is null order by subject, valid_from", transaction.Tenant, subjects.ToArray());
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>All of one subject as it is now, in the order of time. Until the transaction ends, nobody else changes the tenant's mapping.</summary>
    public static async Task<IReadOnlyList<SubjectMapping>> HoldAsync(TenantTransaction transaction, string subject, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand hold = transaction.Command("select 1 from billing.tenant where tenant_id = $1 for update", transaction.Tenant);
        await hold.ExecuteScalarAsync(cancellationToken);
        await using NpgsqlCommand command = transaction.Command(
            $"select {Columns} from billing.customer_subject where tenant_id = $1 and subject = $2 and superseded_by is null order by valid_from", transaction.Tenant, subject);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>One change: what is replaced, and what comes in its place.</summary>
    /// <param name="replaced">As they are now.</param>
    /// <param name="made">Their sequence is not read.</param>
    /// <returns>The number of the change.</returns>
    public static async Task<long> ChangeAsync(
        TenantTransaction transaction, IZoneSource zones, IReadOnlyList<SubjectMapping> replaced, IReadOnlyList<SubjectMapping> made, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand count = transaction.Command("update billing.tenant set mapping_seq = mapping_seq + 1 where tenant_id = $1 returning mapping_seq", transaction.Tenant);
        long sequence = (long)(await count.ExecuteScalarAsync(cancellationToken))!;
        await using NpgsqlCommand supersede = transaction.Command(
            """
            update billing.customer_subject as old set superseded_by = $2
            from unnest($3::text[], $4::bigint[], $5::timestamptz[]) as gone (subject, seq, valid_from)
            where old.tenant_id = $1 and old.subject = gone.subject and old.seq = gone.seq and old.valid_from = gone.valid_from
            """,
            transaction.Tenant, sequence, replaced.Select(one => one.Subject).ToArray(), replaced.Select(one => one.Sequence).ToArray(), replaced.Select(one => one.ValidFrom).ToArray());
        await supersede.ExecuteNonQueryAsync(cancellationToken);
        await using NpgsqlCommand insert = transaction.Command(
            """
            insert into billing.customer_subject (tenant_id, seq, subject, customer, valid_from, valid_until, recorded_at)
            select $1, $2, subject, customer, valid_from, valid_until, $7
            from unnest($3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[]) as made (subject, customer, valid_from, valid_until)
            """,
            transaction.Tenant, sequence, made.Select(one => one.Subject).ToArray(), made.Select(one => one.Customer).ToArray(), made.Select(one => one.ValidFrom).ToArray(),
            made.Select(one => one.ValidUntil).ToArray(), now);
        await insert.ExecuteNonQueryAsync(cancellationToken);
        MappedTime[] changed = [.. replaced.Concat(made).Select(one => one.Subject).Distinct().SelectMany(subject => MappingDifference.Of(Times(replaced, subject), Times(made, subject)))];
        if (changed.Length > 0)
        {
            await DirtyPeriods.MarkCustomersAsync(transaction, zones, changed, now, cancellationToken);
        }

        return sequence;
    }

    private static MappedTime[] Times(IEnumerable<SubjectMapping> mappings, string subject) =>
        [.. mappings.Where(one => one.Subject == subject).Select(one => new MappedTime(one.Customer, one.ValidFrom, one.ValidUntil))];

    private static async Task<List<SubjectMapping>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<SubjectMapping> mappings = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            mappings.Add(new SubjectMapping(
                reader.GetString(0), reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2), reader.IsDBNull(3) ? null : reader.GetFieldValue<DateTimeOffset>(3), reader.GetInt64(4)));
        }

        return mappings;
    }
}
