using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Runs;

/// <summary>Why drafts wait that are due.</summary>
public enum WaitReason
{
    /// <summary>No done seal covers their usage.</summary>
    Unsealed,

    /// <summary>A meter that they use is still being filled.</summary>
    Filling,

    /// <summary>Their usage has no price.</summary>
    Unpriced,
}

/// <param name="Oldest">When the first of them became due.</param>
public readonly record struct DraftWait(WaitReason Reason, long Drafts, DateTimeOffset Oldest);

/// <summary>A draft that has waited for too long.</summary>
/// <param name="Needs">Usage until then has to be sealed.</param>
/// <param name="Why">What is wrong with its usage, when it has no price.</param>
public readonly record struct OverdueDraft(string Subscription, DateTimeOffset DueAt, WaitReason Reason, DateTimeOffset Needs, string? Why);

/// <summary>A partition that the next seal waits for.</summary>
/// <param name="Clock">The highest append time that it has confirmed.</param>
/// <param name="Stopped">Why it must not go on; null when it may.</param>
public readonly record struct SlowPartition(int Partition, DateTimeOffset Clock, string? Stopped);

/// <summary>The drafts that wait, for how long, and for what.</summary>
public static class DraftWaits
{
    /// <summary>$1 tenant, $2 due by, $3 usage is sealed until then.</summary>
    private const string Waits = "tenant_id = $1 and bill_at <= $2 and bill_waits_for > $3";

    private const string Reason = "case when held_because is not null then 2 when bill_waits_for >= '9999-01-01' then 1 else 0 end";

    public static async Task<IReadOnlyList<DraftWait>> ReadAsync(TenantTransaction transaction, DateTimeOffset now, DateTimeOffset sealedUpto, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"select {Reason} as reason, count(*), min(bill_at) from billing.subscription where {Waits} group by 1 order by 1", transaction.Tenant, now, sealedUpto);
        List<DraftWait> waits = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            waits.Add(new DraftWait((WaitReason)reader.GetInt32(0), reader.GetInt64(1), reader.GetFieldValue<DateTimeOffset>(2)));
        }

        return waits;
    }

    /// <summary>Some that are due since before an instant and were not told of; they count as told when the transaction is committed.</summary>
    public static async Task<IReadOnlyList<OverdueDraft>> TellAsync(TenantTransaction transaction, DateTimeOffset dueBefore, DateTimeOffset sealedUpto, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""
            update billing.subscription as s set alerted_for = s.bill_at
            from (select id from billing.subscription where {Waits} and alerted_for is distinct from bill_at order by id limit $4 for no key update skip locked) as late
            where s.tenant_id = $1 and s.id = late.id
            returning s.id, s.bill_at, {Reason}, s.bill_waits_for, s.held_because
            """,
            transaction.Tenant, dueBefore, sealedUpto, limit);
        List<OverdueDraft> late = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            late.Add(new OverdueDraft(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1), (WaitReason)reader.GetInt32(2), reader.GetFieldValue<DateTimeOffset>(3), reader.TextOrNull(4)));
        }

        return late;
    }

    /// <summary>Partitions whose clock has not reached an instant, the slowest first. None: no partition holds the seal back, so the sealer does.</summary>
    public static async Task<IReadOnlyList<SlowPartition>> PartitionsAsync(TenantTransaction transaction, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command("select part, clock, stopped from billing.partition_clock where clock < $1 order by clock, part", until);
        List<SlowPartition> slow = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            slow.Add(new SlowPartition(reader.GetInt32(0), reader.GetFieldValue<DateTimeOffset>(1), reader.TextOrNull(2)));
        }

        return slow;
    }
}
