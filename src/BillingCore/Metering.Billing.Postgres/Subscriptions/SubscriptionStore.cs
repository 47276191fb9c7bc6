using System.Text;
using System.Text.Json;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Subscriptions;
using Metering.Billing.Zones;
using Npgsql;
using NpgsqlTypes;

namespace Metering.Billing.Postgres.Subscriptions;

/// <summary>Subscriptions and their facts. Reading and recording take a constant number of statements, whatever their number.</summary>
public static class SubscriptionStore
{
    private const string Columns =
        "id, reference, customer, currency, zone, anchor, issuer, draft::text, metadata::text, bill_at, next_due_at, created_at, updated_at, tzdb";

    public static async Task<StoredSubscription?> FindAsync(TenantTransaction transaction, IZoneSource zones, string id, CancellationToken cancellationToken) =>
        (await ReadAsync(transaction, zones, [id], cancellationToken)) is [var found] ? found : null;

    /// <summary>Those there are, in the order of their ids.</summary>
    public static Task<IReadOnlyList<StoredSubscription>> ReadAsync(TenantTransaction transaction, IZoneSource zones, IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        ReadAsync(transaction, zones, ids, "", cancellationToken);

    /// <summary>The same; until the transaction ends, nobody else changes them. Locked in the order of their ids.</summary>
    public static Task<IReadOnlyList<StoredSubscription>> HoldAsync(TenantTransaction transaction, IZoneSource zones, IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        ReadAsync(transaction, zones, ids, "for update", cancellationToken);

    /// <summary>Stores a draft without facts.</summary>
    /// <returns>False when the reference was used before.</returns>
    public static async Task<bool> AddAsync(TenantTransaction transaction, StoredSubscription made, CancellationToken cancellationToken)
    {
        await StoredZones.KeepAsync(transaction, [made.Draft.Zone], cancellationToken);
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.subscription (
              tenant_id, id, reference, customer, currency, zone, anchor, issuer, draft, state, price_book, book_version, plan, phase, start_at, metadata, created_at, updated_at, tzdb, zone_now, tzdb_now)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $18, $6, $18)
            on conflict (tenant_id, reference) do nothing
            """,
            transaction.Tenant, made.Id, made.Reference, made.Customer, made.Currency.Code, made.Draft.Zone.Id, made.Anchor.ToString(), made.Issuer, null, made.Now.State.Text(),
            made.Now.Terms.PriceBook, made.Now.Terms.Version, made.Now.Terms.Plan, made.Now.Terms.Phase, made.Now.Start, null, made.CreatedAt, made.Draft.Zone.TzdbVersion);
        command.Parameters[8] = Json(Encoding.UTF8.GetString(SubscriptionJson.Bytes(made.Draft)));
        command.Parameters[15] = Json(made.Metadata);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Stores what is new of subscriptions that are held, or were just added.</summary>
    /// <param name="changes">Each as it was read, and as it is now.</param>
    /// <exception cref="InvalidOperationException">One was changed by somebody else: it was not held.</exception>
    public static async Task SaveAsync(TenantTransaction transaction, IReadOnlyList<(StoredSubscription Before, StoredSubscription After)> changes, CancellationToken cancellationToken)
    {
        await InsertFactsAsync(transaction, changes, cancellationToken);
        await MoveZonesAsync(transaction, changes, cancellationToken);
        Subscription[] now = [.. changes.Select(one => one.After.Now)];
        await using NpgsqlCommand command = transaction.Command(
            """
            update billing.subscription as old set
              version = new.version, state = new.state, price_book = new.price_book, book_version = new.book_version, plan = new.plan, phase = new.phase,
              ended_at = new.ended_at, bill_at = new.bill_at, next_due_at = new.next_due_at, updated_at = new.updated_at
            from unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::int[], $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[])
              as new (id, before, version, state, price_book, book_version, plan, phase, ended_at, bill_at, next_due_at, updated_at)
            where old.tenant_id = $1 and old.id = new.id and old.version = new.before
            """,
            transaction.Tenant, now.Select(one => one.Id).ToArray(), changes.Select(one => one.Before.Now.Version).ToArray(), now.Select(one => one.Version).ToArray(),
            now.Select(one => one.State.Text()).ToArray(), now.Select(one => one.Terms.PriceBook).ToArray(), now.Select(one => one.Terms.Version).ToArray(),
            now.Select(one => one.Terms.Plan).ToArray(), now.Select(one => one.Terms.Phase).ToArray(), now.Select(one => one.EndedAt).ToArray(),
            changes.Select(one => one.After.BillAt).ToArray(), changes.Select(one => one.After.NextDueAt).ToArray(), changes.Select(one => one.After.UpdatedAt).ToArray());
        int changed = await command.ExecuteNonQueryAsync(cancellationToken);
        if (changed != changes.Count)
        {
            throw new InvalidOperationException($"{changes.Count - changed} of {changes.Count} subscriptions were changed by somebody else: they were not held.");
        }
    }

    private static async Task MoveZonesAsync(TenantTransaction transaction, IReadOnlyList<(StoredSubscription Before, StoredSubscription After)> changes, CancellationToken cancellationToken)
    {
        Subscription[] moved = [.. changes.Where(one => one.After.Facts.Skip(one.Before.Facts.Count).Any(fact => fact is ZoneSet)).Select(one => one.After.Now)];
        if (moved.Length == 0)
        {
            return;
        }

        await StoredZones.KeepAsync(transaction, moved.Select(one => one.Zone), cancellationToken);
        await using NpgsqlCommand command = transaction.Command(
            """
            update billing.subscription as old set zone_now = new.zone, tzdb_now = new.tzdb from unnest($2::text[], $3::text[], $4::text[]) as new (id, zone, tzdb)
            where old.tenant_id = $1 and old.id = new.id
            """,
            transaction.Tenant, moved.Select(one => one.Id).ToArray(), moved.Select(one => one.Zone.Id).ToArray(), moved.Select(one => one.Zone.TzdbVersion).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task InsertFactsAsync(TenantTransaction transaction, IReadOnlyList<(StoredSubscription Before, StoredSubscription After)> changes, CancellationToken cancellationToken)
    {
        (string Id, SubscriptionFact Fact, DateTimeOffset At)[] facts =
            [.. changes.SelectMany(one => one.After.Facts.Zip(one.After.RecordedAt).Skip(one.Before.Facts.Count).Select(fact => (one.After.Id, fact.First, fact.Second)))];
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.subscription_fact (tenant_id, subscription, seq, effective_at, recorded_at, body)
            select $1, subscription, seq, effective_at, recorded_at, body::json
            from unnest($2::text[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::text[]) as fact (subscription, seq, effective_at, recorded_at, body)
            """,
            transaction.Tenant, facts.Select(one => one.Id).ToArray(), facts.Select(one => one.Fact.Sequence).ToArray(), facts.Select(one => one.Fact.EffectiveAt).ToArray(),
            facts.Select(one => one.At).ToArray(), facts.Select(one => Encoding.UTF8.GetString(SubscriptionJson.Bytes(one.Fact))).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<IReadOnlyList<StoredSubscription>> ReadAsync(
        TenantTransaction transaction, IZoneSource zones, IReadOnlyList<string> ids, string locking, CancellationToken cancellationToken)
    {
        List<(ZoneName Zone, Func<ZoneRules, StoredSubscription> Read)> rows = [];
        await using (NpgsqlCommand command = transaction.Command(
            $"select {Columns} from billing.subscription where tenant_id = $1 and id = any($2) order by id {locking}", transaction.Tenant, ids.ToArray()))
        await using (NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add((new ZoneName(reader.GetString(4), reader.IsDBNull(13) ? zones.TzdbVersion : reader.GetString(13)), Row(reader)));
            }
        }

        List<(string Id, JsonElement Fact, DateTimeOffset At)> facts = await FactsAsync(transaction, [.. ids], cancellationToken);
        Func<ZoneName, ZoneRules> rules = await StoredZones.ReadAsync(
            transaction, zones, [.. rows.Select(row => row.Zone), .. facts.Select(one => SubscriptionJson.ZoneOf(one.Fact)).OfType<ZoneName>()], cancellationToken);
        ILookup<string, (SubscriptionFact Fact, DateTimeOffset At)> byId = facts.ToLookup(one => one.Id, one => (SubscriptionJson.ReadFact(one.Fact, rules), one.At), StringComparer.Ordinal);
        return [.. rows.Select(row => row.Read(rules(row.Zone))).Select(row => row with
        {
            Facts = [.. byId[row.Id].Select(one => one.Fact)],
            RecordedAt = [.. byId[row.Id].Select(one => one.At)],
            Now = row.Draft.With(byId[row.Id].Select(one => one.Fact)),
        })];
    }

    private static async Task<List<(string Id, JsonElement Fact, DateTimeOffset At)>> FactsAsync(TenantTransaction transaction, string[] ids, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select subscription, body::text, recorded_at from billing.subscription_fact where tenant_id = $1 and subscription = any($2) order by subscription, seq", transaction.Tenant, ids);
        List<(string Id, JsonElement Fact, DateTimeOffset At)> facts = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            facts.Add((reader.GetString(0), JsonElement.Parse(reader.GetString(1)), reader.GetFieldValue<DateTimeOffset>(2)));
        }

        return facts;
    }

    /// <summary>Reads a row; what it comes to depends on the rules of its zone.</summary>
    private static Func<ZoneRules, StoredSubscription> Row(NpgsqlDataReader reader)
    {
        (string id, string customer, string issuer, string metadata) = (reader.GetString(0), reader.GetString(2), reader.GetString(6), reader.GetString(8));
        string? reference = reader.IsDBNull(1) ? null : reader.GetString(1);
        Currency currency = Currency.Of(reader.GetString(3));
        AnchorRule anchor = AnchorRule.TryParse(reader.GetString(5), out AnchorRule rule) ? rule : throw new InvalidDataException($"Subscription {id} has no anchor.");
        JsonElement body = JsonElement.Parse(reader.GetString(7));
        (DateTimeOffset? billAt, DateTimeOffset? nextDueAt) = (Instant(reader, 9), Instant(reader, 10));
        (DateTimeOffset createdAt, DateTimeOffset updatedAt) = (reader.GetFieldValue<DateTimeOffset>(11), reader.GetFieldValue<DateTimeOffset>(12));
        return zone =>
        {
            Subscription draft = SubscriptionJson.ReadDraft(id, body, zone);
            return new StoredSubscription
            {
                Id = id,
                Reference = reference,
                Customer = customer,
                Currency = currency,
                Anchor = anchor,
                Issuer = issuer,
                Draft = draft,
                Facts = [],
                RecordedAt = [],
                Now = draft,
                BillAt = billAt,
                NextDueAt = nextDueAt,
                Metadata = metadata,
                CreatedAt = createdAt,
                UpdatedAt = updatedAt,
            };
        };
    }

    private static DateTimeOffset? Instant(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);

    private static NpgsqlParameter Json(string value) => new() { Value = value, NpgsqlDbType = NpgsqlDbType.Json };
}
