using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Billing.Postgres.Runs;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Zones;
using Metering.BillingCore.Metered;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Metering.BillingCore.Runs;

/// <summary>Follows the seals: what was written into billed periods marks them, and each day the marked ones are corrected. Safe for concurrent use.</summary>
internal sealed partial class CorrectionRunner(
    TenantDatabase tenants, PostgresDatabase postgres, ClickHouseDatabase database, SubscriptionReader subscriptions, IZoneSource zones, IOptions<BillingOptions> options, TimeProvider time,
    ILogger<CorrectionRunner> logger)
{
    private const int MaxLate = 5_000;

    /// <summary>Marks what seals since the last time wrote into minutes that were sealed before. Doing it twice does nothing.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        if (await SealedUsage.FindAsync(database, number: null, cancellationToken) is not { } newest)
        {
            return;
        }

        long after = await MarkAsync(cancellationToken);
        for (long seal = after + 1; seal <= newest.Number; seal++)
        {
            await FollowAsync(seal, cancellationToken);
            await AdvanceAsync(seal, cancellationToken);
        }
    }

    /// <param name="run">The day for the regular run; anything else for one that somebody asked for.</param>
    /// <returns>How many periods were corrected.</returns>
    public async Task<int> RunAsync(string tenant, string run, CancellationToken cancellationToken)
    {
        int corrected = 0;
        while (await OnceAsync(tenant, run, cancellationToken) is { } some)
        {
            corrected += some;
        }

        return corrected;
    }

    /// <summary>The regular run's name today.</summary>
    public string Today => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <returns>Null when nothing is left.</returns>
    private async Task<int?> OnceAsync(string tenant, string run, CancellationToken cancellationToken)
    {
        if (await SealedUsage.FindAsync(database, number: null, cancellationToken) is not { } seal)
        {
            return null;
        }

        await using TenantTransaction transaction = await tenants.BeginAsync(tenant, cancellationToken);
        IReadOnlyList<DirtyPeriod> dirty = await DirtyPeriods.TakeAsync(transaction, run, seal.Number, seal.Upto, options.Value.RunBatch, cancellationToken);
        if (dirty.Count == 0)
        {
            return null;
        }

        CorrectionBatch batch = new(transaction, seal, subscriptions, new UsageOfScopes(database, options.Value.MaxSimulatedEvents), zones.TzdbVersion, time.GetUtcNow());
        int corrected = await batch.RunAsync(dirty, run, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        LogCorrected(tenant, dirty.Count, corrected, seal.Number);
        return corrected;
    }

    private async Task FollowAsync(long seal, CancellationToken cancellationToken)
    {
        SqlValues sql = new();
        string text = $"""
            WITH (SELECT max(upto) FROM seal_mark FINAL WHERE seal_no = {sql.Add(seal - 1, "UInt64")}) AS before
            SELECT tenant, subject, toInt64(toUnixTimestamp(min(minute))), toInt64(toUnixTimestamp(max(minute))) + 60, toUInt8(min(kind = 'history'))
            FROM usage_window WHERE seal_no = {sql.Add(seal, "UInt64")} AND minute < before GROUP BY tenant, subject, toStartOfDay(minute) ORDER BY tenant
            """;
        Dictionary<string, List<LateUsage>> late = new(StringComparer.Ordinal);
        await using (ClickHouseDataReader reader = await database.QueryAsync(text, sql.Parameters, cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                if (!late.TryGetValue(reader.GetString(0), out List<LateUsage>? list))
                {
                    late.Add(reader.GetString(0), list = []);
                }

                list.Add(new LateUsage(
                    reader.GetString(1), DateTimeOffset.FromUnixTimeSeconds(reader.GetInt64(2)), DateTimeOffset.FromUnixTimeSeconds(reader.GetInt64(3)), reader.GetFieldValue<byte>(4) == 1));
            }
        }

        foreach ((string tenant, List<LateUsage> list) in late)
        {
            foreach (LateUsage[] some in list.Chunk(MaxLate))
            {
                await using TenantTransaction transaction = await tenants.BeginAsync(tenant, cancellationToken);
                await DirtyPeriods.MarkAsync(transaction, seal, some, time.GetUtcNow(), cancellationToken);
                await transaction.CommitAsync(cancellationToken);
            }
        }
    }

    private async Task<long> MarkAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = postgres.Source.Command("select seal_no from billing.late_usage_mark");
        return await command.ExecuteScalarAsync(cancellationToken) as long? ?? 0;
    }

    private async Task AdvanceAsync(long seal, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = postgres.Source.Command(
            "insert into billing.late_usage_mark as old (seal_no) values ($1) on conflict (only_one) do update set seal_no = greatest(old.seal_no, excluded.seal_no)", seal);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(6145, LogLevel.Information, "Tenant {Tenant}: {Periods} billed periods looked at again as of seal {Seal}, {Corrected} corrected")]
    private partial void LogCorrected(string tenant, int periods, int corrected, long seal);
}
