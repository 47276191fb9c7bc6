using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Runs;

/// <summary>Up to which seal late usage was looked for, of all tenants.</summary>
public static class LateUsageMark
{
    /// <summary>0 before the first.</summary>
    public static async Task<long> NewestDoneAsync(PostgresDatabase database, CancellationToken cancellationToken) =>
        await NumberAsync(database, "select seal_no from billing.done_seal", cancellationToken) ?? 0;

    /// <summary>Null when nobody has looked yet.</summary>
    public static Task<long?> FindAsync(PostgresDatabase database, CancellationToken cancellationToken) => NumberAsync(database, "select seal_no from billing.late_usage_mark", cancellationToken);

    public static async Task AdvanceAsync(PostgresDatabase database, long seal, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            "insert into billing.late_usage_mark as old (seal_no) values ($1) on conflict (only_one) do update set seal_no = greatest(old.seal_no, excluded.seal_no)", seal);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Whether any subscription was billed: no usage is late before.</summary>
    public static async Task<bool> IsAnythingBilledAsync(PostgresDatabase database, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await EveryTenant.BeginAsync(connection, cancellationToken);
        await using NpgsqlCommand command = new("select exists (select from billing.subscription where billed_to is not null)", connection);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<long?> NumberAsync(PostgresDatabase database, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(sql);
        return await command.ExecuteScalarAsync(cancellationToken) as long?;
    }
}
