using Metering.Billing.Corrections;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Metering.Billing.Postgres.Runs;

public enum CorrectionState
{
    /// <summary>Usage older than the horizon changed a billed period, and nobody has said yet whether it is billed.</summary>
    Pending,

    Done,
    Rejected,
}

/// <summary>What was found in a billed period, and what came of it.</summary>
/// <param name="Run">The day, or what was asked for.</param>
/// <param name="Outcome">Null while it is pending, and when it was rejected.</param>
/// <param name="Net">With the tax; of either sign.</param>
/// <param name="Body">The lines' differences, canonical JSON.</param>
public sealed record CorrectionRow(
    string Id, string Subscription, TimeRange Period, string Run, CorrectionState State, CorrectionOutcome? Outcome, long Seal, long HistorySeal, Money Net, string Body, DateTimeOffset RecordedAt,
    string? DecidedBy, DateTimeOffset? DecidedAt)
{
    public static string IdOf(string tenant, string subscription, TimeRange period, string run) =>
        DerivedId.Of("cor", tenant, subscription, $"{period.Start.UtcDateTime:O}", $"{period.End.UtcDateTime:O}", run);
}

public static class CorrectionStore
{
    private const string Columns =
        "id, subscription, period_start, period_end, run, state, outcome, seal_no, history_seal, net, currency, body::text, recorded_at, decided_by, decided_at";

    public static async Task AddAsync(TenantTransaction transaction, IReadOnlyList<CorrectionRow> rows, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.correction (tenant_id, id, subscription, period_start, period_end, run, state, outcome, seal_no, history_seal, net, currency, body, recorded_at)
            select $1, id, subscription, period_start, period_end, run, state, outcome, seal_no, history_seal, net, currency, body::json, recorded_at
            from unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::timestamptz[])
              as new (id, subscription, period_start, period_end, run, state, outcome, seal_no, history_seal, net, currency, body, recorded_at)
            """,
            transaction.Tenant, rows.Select(one => one.Id).ToArray(), rows.Select(one => one.Subscription).ToArray(), rows.Select(one => one.Period.Start).ToArray(),
            rows.Select(one => one.Period.End).ToArray(), rows.Select(one => one.Run).ToArray(), rows.Select(one => one.State.ToString().ToLowerInvariant()).ToArray(),
            rows.Select(one => one.Outcome?.ToString().ToLowerInvariant()).ToArray(), rows.Select(one => one.Seal).ToArray(), rows.Select(one => one.HistorySeal).ToArray(),
            rows.Select(one => one.Net.MinorUnits).ToArray(), rows.Select(one => one.Net.Currency.Code).ToArray(), rows.Select(one => one.Body).ToArray(), rows.Select(one => one.RecordedAt).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Newest first.</summary>
    /// <param name="state">Null for all.</param>
    /// <param name="before">The last of the page before.</param>
    public static async Task<IReadOnlyList<CorrectionRow>> ListAsync(
        TenantTransaction transaction, CorrectionState? state, (DateTimeOffset At, string Id)? before, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""
            select {Columns} from billing.correction
            where tenant_id = $1 and ($2::text is null or state = $2) and ($3::timestamptz is null or (recorded_at, id) < ($3, $4)) order by recorded_at desc, id desc limit $5
            """,
            transaction.Tenant, null, null, before?.Id ?? "", limit);
        command.Parameters[1] = new NpgsqlParameter { Value = (object?)state?.ToString().ToLowerInvariant() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };
        command.Parameters[2] = new NpgsqlParameter { Value = (object?)before?.At ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz };
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>Held until the transaction ends.</summary>
    public static async Task<CorrectionRow?> HoldAsync(TenantTransaction transaction, string id, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command($"select {Columns} from billing.correction where tenant_id = $1 and id = $2 for update", transaction.Tenant, id);
        return (await ReadAsync(command, cancellationToken)) is [var found] ? found : null;
    }

    public static async Task RejectAsync(TenantTransaction transaction, string id, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "update billing.correction set state = 'rejected', decided_by = $3, decided_at = $4 where tenant_id = $1 and id = $2", transaction.Tenant, id, by, now);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The tenant's history counts up to the seal of the correction, in all periods that were billed.</summary>
    public static async Task ApproveAsync(TenantTransaction transaction, CorrectionRow correction, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand approve = transaction.Command("select billing.approve_history($1, $2, $3)", correction.HistorySeal, by, now);
        await approve.ExecuteNonQueryAsync(cancellationToken);
        await using NpgsqlCommand decided = transaction.Command(
            "update billing.correction set state = 'done', outcome = 'recorded', decided_by = $3, decided_at = $4 where tenant_id = $1 and id = $2", transaction.Tenant, correction.Id, by, now);
        await decided.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<List<CorrectionRow>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<CorrectionRow> rows = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new CorrectionRow(
                reader.GetString(0), reader.GetString(1), new TimeRange(reader.GetFieldValue<DateTimeOffset>(2), reader.GetFieldValue<DateTimeOffset>(3)), reader.GetString(4),
                Enum.Parse<CorrectionState>(reader.GetString(5), ignoreCase: true), reader.IsDBNull(6) ? null : Enum.Parse<CorrectionOutcome>(reader.GetString(6), ignoreCase: true),
                reader.GetInt64(7), reader.GetInt64(8), new Money(reader.GetInt64(9), Currency.Of(reader.GetString(10))), reader.GetString(11), reader.GetFieldValue<DateTimeOffset>(12),
                reader.IsDBNull(13) ? null : reader.GetString(13), reader.IsDBNull(14) ? null : reader.GetFieldValue<DateTimeOffset>(14)));
        }

        return rows;
    }
}
