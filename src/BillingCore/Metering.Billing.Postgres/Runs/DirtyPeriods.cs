using Metering.Billing.Customers;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Zones;
using Npgsql;

namespace Metering.Billing.Postgres.Runs;

/// <summary>A billed period that changed since.</summary>
/// <param name="Seal">The newest that wrote into it.</param>
/// <param name="HasHistory">Whether usage older than the horizon changed it, alone or among others.</param>
public sealed record DirtyPeriod(string Subscription, TimeRange Period, long Seal, bool HasHistory);

/// <summary>Usage that came after its minute was sealed, by subject.</summary>
/// <param name="From">The first minute of it.</param>
/// <param name="Until">The end of its last minute.</param>
/// <param name="HasHistory">Whether some of it was older than the horizon.</param>
public readonly record struct LateUsage(string Subject, DateTimeOffset From, DateTimeOffset Until, bool HasHistory);

/// <summary>Periods that a correction run has to look at. That they are here is a trigger; no amount comes from it.</summary>
public static class DirtyPeriods
{
    /// <summary>What ends at an instant holds the minute before it.</summary>
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    /// <summary>Joins s, the subscription, to u (name, from_at, until_at), usage of the subject of that name.</summary>
    private const string OfSubjects = """
        join billing.customer_subject m on m.tenant_id = $1 and m.subject = u.name and m.superseded_by is null and m.valid_from < u.until_at and (m.valid_until is null or m.valid_until > u.from_at)
        join billing.subscription s on s.tenant_id = $1 and s.customer = m.customer
        """;

    /// <summary>Marks the billed periods of whoever the usage belongs to: those that an invoice has usage of, and those that were due and billed with nothing. Marking twice is marking once.</summary>
    public static async Task<int> MarkAsync(TenantTransaction transaction, IZoneSource zones, long seal, IReadOnlyList<LateUsage> late, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""
            insert into billing.dirty_period as old (tenant_id, subscription, period_start, period_end, seal_no, history, marked_at)
            select $1, l.subscription, l.period_start, l.period_end, $2, bool_or(u.history), $3
            from unnest($4::text[], $5::timestamptz[], $6::timestamptz[], $7::boolean[]) as u (name, from_at, until_at, history)
            {OfSubjects}
            join (select distinct subscription, period_start, period_end from billing.invoice_line where tenant_id = $1 and recognition = 'arrears') l
              on l.subscription = s.id and l.period_start < u.until_at and l.period_end > u.from_at
            group by l.subscription, l.period_start, l.period_end
            on conflict (tenant_id, subscription, period_start, period_end) do update set seal_no = greatest(old.seal_no, excluded.seal_no), history = old.history or excluded.history
            """,
            transaction.Tenant, seal, now, late.Select(one => one.Subject).ToArray(), late.Select(one => one.From).ToArray(), late.Select(one => one.Until).ToArray(),
            late.Select(one => one.HasHistory).ToArray());
        int marked = await command.ExecuteNonQueryAsync(cancellationToken);
        IReadOnlyList<(ServedPeriod Period, bool HasHistory)> served = await ServedPeriods.OfUsageAsync(transaction, zones, await BilledAsync(transaction, OfSubjects, late, cancellationToken), cancellationToken);
        return marked + await MarkAsync(transaction, seal, served, now, cancellationToken);
    }

    /// <summary>Subscriptions that were billed beyond some usage.</summary>
    /// <param name="owners">Joins s, the subscription, to u (name, from_at, until_at): whom the usage is named after.</param>
    private static async Task<IReadOnlyList<(string Subscription, LateUsage Usage)>> BilledAsync(TenantTransaction transaction, string owners, IReadOnlyList<LateUsage> late, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""
            select distinct s.id, u.n::int from unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) with ordinality as u (name, from_at, until_at, n)
            {owners} where s.billed_to > u.from_at
            """,
            transaction.Tenant, late.Select(one => one.Subject).ToArray(), late.Select(one => one.From).ToArray(), late.Select(one => one.Until).ToArray());
        List<(string Subscription, LateUsage Usage)> billed = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            billed.Add((reader.GetString(0), late[reader.GetInt32(1) - 1]));
        }

        return billed;
    }

    /// <summary>What was due of these periods is billed already, be it with nothing.</summary>
    private static async Task<int> MarkAsync(TenantTransaction transaction, long seal, IReadOnlyList<(ServedPeriod Period, bool HasHistory)> served, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (served.Count == 0)
        {
            return 0;
        }

        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.dirty_period as old (tenant_id, subscription, period_start, period_end, seal_no, history, marked_at)
            select $1, p.subscription, p.period_start, p.period_end, $2::bigint, bool_or(p.history), $3::timestamptz
            from unnest($4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::boolean[]) as p (subscription, period_start, period_end, served_until, history)
            join billing.subscription s on s.tenant_id = $1 and s.id = p.subscription and s.billed_to >= p.served_until
            group by p.subscription, p.period_start, p.period_end
            on conflict (tenant_id, subscription, period_start, period_end) do update set seal_no = greatest(old.seal_no, excluded.seal_no), history = old.history or excluded.history
            """,
            transaction.Tenant, seal, now, served.Select(one => one.Period.Subscription).ToArray(), served.Select(one => one.Period.Period.Start).ToArray(),
            served.Select(one => one.Period.Period.End).ToArray(), served.Select(one => one.Period.ServedUntil).ToArray(), served.Select(one => one.HasHistory).ToArray());
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Marks one period, or all billed periods that end after an instant: what a backdated change may have changed.</summary>
    public static async Task<int> MarkAsync(TenantTransaction transaction, string subscription, DateTimeOffset since, DateTimeOffset until, long seal, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.dirty_period as old (tenant_id, subscription, period_start, period_end, seal_no, history, marked_at)
            select distinct $1, l.subscription, l.period_start, l.period_end, $5::bigint, false, $6::timestamptz
            from billing.invoice_line l join billing.subscription s on s.tenant_id = l.tenant_id and s.id = l.subscription
            where l.tenant_id = $1 and l.subscription = $2 and l.recognition <> 'grant_purchase' and l.period_end > $3 and l.period_start < $4 and l.period_start < s.billed_to
            on conflict (tenant_id, subscription, period_start, period_end) do update set seal_no = greatest(old.seal_no, excluded.seal_no)
            """,
            transaction.Tenant, subscription, since, until, seal, now);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>What a correction of another period may have changed.</summary>
    public static async Task MarkAsync(TenantTransaction transaction, string subscription, IReadOnlyList<TimeRange> periods, long seal, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (periods.Count == 0)
        {
            return;
        }

        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.dirty_period as old (tenant_id, subscription, period_start, period_end, seal_no, history, marked_at)
            select $1, $2, period_start, period_end, $5::bigint, false, $6::timestamptz from unnest($3::timestamptz[], $4::timestamptz[]) as p (period_start, period_end)
            on conflict (tenant_id, subscription, period_start, period_end) do update set seal_no = greatest(old.seal_no, excluded.seal_no)
            """,
            transaction.Tenant, subscription, periods.Select(one => one.Start).ToArray(), periods.Select(one => one.End).ToArray(), seal, now);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>What changes of subscriptions that reach back may have changed: billed periods that end after the instant from which each holds, those that were billed with nothing too.</summary>
    /// <param name="changed">As they are now.</param>
    public static async Task MarkAsync(TenantTransaction transaction, IReadOnlyList<(StoredSubscription Subscription, DateTimeOffset Since)> changed, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            MarkSince("(select subscription, since, null::timestamptz as until from unnest($3::text[], $4::timestamptz[]) as changed (subscription, since)) as c join billing.subscription s on s.tenant_id = $1 and s.id = c.subscription"),
            transaction.Tenant, now, changed.Select(one => one.Subscription.Id).ToArray(), changed.Select(one => one.Since).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
        await MarkAsync(
            transaction, seal: 0, [.. changed.Where(one => one.Since < now).SelectMany(one => ServedPeriods.Of(one.Subscription, one.Since - s_minute, now, _ => true)).Select(period => (period, false))], now, cancellationToken);
    }

    /// <summary>What a change of the subject mapping may have changed, in periods that were billed with nothing too.</summary>
    /// <param name="changed">When who lost or got a subject.</param>
    public static async Task MarkCustomersAsync(TenantTransaction transaction, IZoneSource zones, IReadOnlyList<MappedTime> changed, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            MarkSince("unnest($3::text[], $4::timestamptz[], $5::timestamptz[]) as c (customer, since, until) join billing.subscription s on s.tenant_id = $1 and s.customer = c.customer"),
            transaction.Tenant, now, changed.Select(one => one.Customer).ToArray(), changed.Select(one => one.From).ToArray(), changed.Select(one => one.Until).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
        MappedTime[] passed = [.. changed.Where(one => one.From < now)];
        IReadOnlyList<(string Subscription, LateUsage Usage)> billed = await BilledAsync(
            transaction, "join billing.subscription s on s.tenant_id = $1 and s.customer = u.name", [.. passed.Select(one => new LateUsage(one.Customer, one.From, one.Until ?? now, HasHistory: false))], cancellationToken);
        await MarkAsync(transaction, seal: 0, await ServedPeriods.OfUsageAsync(transaction, zones, billed, cancellationToken), now, cancellationToken);
    }

    /// <summary>A period whose usage was billed is marked however far the subscription is billed: after an older invoice was voided it stands.</summary>
    /// <param name="changed">Tables c (since, until), where until may be null, and s, the subscription.</param>
    private static string MarkSince(string changed) =>
        $"""
        insert into billing.dirty_period (tenant_id, subscription, period_start, period_end, seal_no, history, marked_at)
        select distinct $1, l.subscription, l.period_start, l.period_end, 0::bigint, false, $2::timestamptz
        from {changed}
        join billing.invoice_line l on l.tenant_id = $1 and l.subscription = s.id and l.period_end > c.since and (c.until is null or l.period_start < c.until)
          and (l.recognition = 'arrears' or l.recognition <> 'grant_purchase' and l.period_start < s.billed_to and s.billed_to > c.since)
        on conflict (tenant_id, subscription, period_start, period_end) do nothing
        """;

    /// <summary>Some that were not corrected in this run yet, held; with their subscriptions, in the order of their ids, and a year after its months, and these (of 28 days and more) after weeks: a commitment counts what they find.</summary>
    /// <param name="run">The day, or what was asked for: a period is corrected once in a run.</param>
    /// <param name="seal">Newest done one.</param>
    /// <param name="sealedUpto">Minutes before it are sealed: a period that was billed before it was complete waits until it is.</param>
    /// <param name="only">Of these subscriptions; of all when empty.</param>
    /// <param name="except">Of none of these.</param>
    public static async Task<IReadOnlyList<DirtyPeriod>> TakeAsync(
        TenantTransaction transaction, string run, long seal, DateTimeOffset sealedUpto, IReadOnlyList<string> only, IReadOnlyList<string> except, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select d.subscription, d.period_start, d.period_end, d.seal_no, d.history from billing.dirty_period d
            join billing.subscription s on s.tenant_id = d.tenant_id and s.id = d.subscription
            where d.tenant_id = $1 and d.seal_no <= $3 and d.period_end <= $5 and (d.period_end <= s.billed_to or s.bill_at is null)
              and (cardinality($6::text[]) = 0 or d.subscription = any($6)) and d.subscription <> all($7::text[]) and not exists (
              select from billing.correction c
              where c.tenant_id = d.tenant_id and c.subscription = d.subscription and c.period_start = d.period_start and c.period_end = d.period_end and c.run = $2)
            order by d.subscription, floor((extract(epoch from d.period_end - d.period_start) + 86400) / 2419200), d.period_end, d.period_start desc limit $4 for no key update skip locked
            """,
            transaction.Tenant, run, seal, limit, sealedUpto, only.ToArray(), except.ToArray());
        List<DirtyPeriod> taken = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            taken.Add(new DirtyPeriod(
                reader.GetString(0), new TimeRange(reader.GetFieldValue<DateTimeOffset>(1), reader.GetFieldValue<DateTimeOffset>(2)), reader.GetInt64(3), reader.GetBoolean(4)));
        }

        return taken;
    }

    public static async Task CleanAsync(TenantTransaction transaction, IReadOnlyList<DirtyPeriod> periods, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            delete from billing.dirty_period d using unnest($2::text[], $3::timestamptz[], $4::timestamptz[]) as p (subscription, period_start, period_end)
            where d.tenant_id = $1 and d.subscription = p.subscription and d.period_start = p.period_start and d.period_end = p.period_end
            """,
            transaction.Tenant, periods.Select(one => one.Subscription).ToArray(), periods.Select(one => one.Period.Start).ToArray(), periods.Select(one => one.Period.End).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>History is counted up to this seal in each period: what the invoices that billed its usage counted, or what was approved since. What later invoices counted is of their own periods.</summary>
    public static async Task<IReadOnlyDictionary<DirtyPeriod, long>> ApprovedAsync(TenantTransaction transaction, IReadOnlyList<DirtyPeriod> periods, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select p.n, greatest(
              coalesce((select max((i.inputs ->> 'approved_history_seal')::bigint) from billing.invoice i where i.tenant_id = $1 and i.state not in ('draft', 'void') and i.id in (
                select l.invoice from billing.invoice_line l
                where l.tenant_id = $1 and l.subscription = p.subscription and l.period_start = p.period_start and l.period_end = p.period_end and l.recognition = 'arrears' and not l.is_difference)), 0),
              coalesce((select seal_no from billing.approved_history where tenant_id = $1), 0))
            from unnest($2::int[], $3::text[], $4::timestamptz[], $5::timestamptz[]) as p (n, subscription, period_start, period_end)
            """,
            transaction.Tenant, Enumerable.Range(0, periods.Count).ToArray(), periods.Select(one => one.Subscription).ToArray(), periods.Select(one => one.Period.Start).ToArray(),
            periods.Select(one => one.Period.End).ToArray());
        Dictionary<DirtyPeriod, long> approved = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            approved[periods[reader.GetInt32(0)]] = reader.GetInt64(1);
        }

        return approved;
    }
}
