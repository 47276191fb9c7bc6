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
        long newest = await LateUsageMark.NewestDoneAsync(postgres, cancellationToken);
        long? after = await LateUsageMark.FindAsync(postgres, cancellationToken);
        if (newest <= (after ?? 0))
        {
            return;
        }

        await SealOrder.WaitAsync(postgres, cancellationToken);
        if (after is null && !await LateUsageMark.IsAnythingBilledAsync(postgres, cancellationToken))
        {
            await LateUsageMark.AdvanceAsync(postgres, newest, cancellationToken);
            return;
        }

        for (long seal = (after ?? 0) + 1; seal <= newest; seal++)
        {
            await FollowAsync(seal, cancellationToken);
            await LateUsageMark.AdvanceAsync(postgres, seal, cancellationToken);
        }
    }

    /// <param name="run">The day for the regular run; anything else for one that somebody asked for.</param>
    /// <returns>How many periods were corrected.</returns>
    public async Task<int> RunAsync(string tenant, string run, CancellationToken cancellationToken)
    {
        int corrected = 0;
        while (await Clashes.AgainAsync(() => OnceAsync(tenant, run, cancellationToken), LogAgain) is { } some)
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
        await using TenantTransaction transaction = await tenants.BeginAsync(tenant, cancellationToken);
        await SealOrder.HoldAsync(transaction, cancellationToken);
        if (await SealedUsage.FindAsync(database, number: null, cancellationToken) is not { } seal)
        {
            return null;
        }

        IReadOnlyList<DirtyPeriod> dirty = await DirtyPeriods.TakeAsync(transaction, run, seal.Number, seal.Upto, options.Value.RunBatch, cancellationToken);
        if (dirty.Count == 0)
        {
            return null;
        }

        CorrectionBatch batch = new(transaction, seal, subscriptions, new UsageOfScopes(database, options.Value.MaxSimulatedEvents), time.GetUtcNow());
        int corrected = await batch.RunAsync(dirty, run, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        LogCorrected(tenant, dirty.Count, corrected, seal.Number);
        return corrected;
    }

    /// <summary>Rows are sealed when their seal is, so parts of other days are not read.</summary>
    private async Task FollowAsync(long seal, CancellationToken cancellationToken)
    {
        SqlValues sql = new();
        string text = $"""
            WITH (SELECT max(upto) FROM seal_mark FINAL WHERE seal_no = {sql.Add(seal - 1, "UInt64")}) AS before,
              (SELECT max(sealed_at) FROM seal_mark FINAL WHERE seal_no = {sql.Add(seal, "UInt64")}) AS sealed
            SELECT tenant, subject, toInt64(toUnixTimestamp(min(minute))), toInt64(toUnixTimestamp(max(minute))) + 60, toUInt8(max(kind = 'history'))
            FROM usage_window WHERE seal_no = {sql.Add(seal, "UInt64")} AND sealed_at BETWEEN sealed - INTERVAL 1 DAY AND sealed + INTERVAL 1 DAY AND minute < before GROUP BY tenant, subject, toStartOfDay(minute) ORDER BY tenant
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
                await Clashes.AgainAsync(() => MarkAsync(tenant, seal, some, cancellationToken), LogAgain);
            }
        }
    }

    private async Task<int> MarkAsync(string tenant, long seal, IReadOnlyList<LateUsage> late, CancellationToken cancellationToken)
    {
        await using TenantTransaction transaction = await tenants.BeginAsync(tenant, cancellationToken);
        int marked = await DirtyPeriods.MarkAsync(transaction, zones, seal, late, time.GetUtcNow(), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return marked;
    }

    [LoggerMessage(6145, LogLevel.Information, "Tenant {Tenant}: {Periods} billed periods looked at again as of seal {Seal}, {Corrected} corrected")]
    private partial void LogCorrected(string tenant, int periods, int corrected, long seal);

    [LoggerMessage(6146, LogLevel.Information, "A batch of the correction run ran into another change ({State}) and is done again")]
    private partial void LogAgain(string state);
}
