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

    /// <summary>In batches; of one that fails each subscription by itself, so that one that cannot be corrected keeps no other from it.</summary>
    /// <param name="run">The day for the regular run; anything else for one that somebody asked for.</param>
    public async Task<CorrectionTally> RunAsync(string tenant, string run, CancellationToken cancellationToken)
    {
        int corrected = 0;
        List<string> failed = [];
        while (await BatchAsync([], failed) is { } batch)
        {
            corrected += batch.Corrected;
            foreach (string subscription in batch.Failure is null ? [] : batch.Subscriptions)
            {
                Batch? alone = await BatchAsync([subscription], []);
                corrected += alone?.Corrected ?? 0;
                if (alone?.Failure is { } failure)
                {
                    failed.Add(subscription);
                    LogFailed(tenant, subscription, failure);
                }
            }
        }

        return new CorrectionTally(corrected, failed);

        Task<Batch?> BatchAsync(string[] only, IReadOnlyList<string> except) => Clashes.AgainAsync(() => OnceAsync(tenant, run, only, except, cancellationToken), LogAgain);
    }

    /// <summary>The regular run's name today.</summary>
    public string Today => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <returns>Null when nothing is left.</returns>
    private async Task<Batch?> OnceAsync(string tenant, string run, IReadOnlyList<string> only, IReadOnlyList<string> except, CancellationToken cancellationToken)
    {
        await using TenantTransaction transaction = await tenants.BeginAsync(tenant, cancellationToken);
        await SealOrder.HoldAsync(transaction, cancellationToken);
        if (await SealedUsage.FindAsync(database, number: null, cancellationToken) is not { } seal)
        {
            return null;
        }

        IReadOnlyList<DirtyPeriod> dirty = await DirtyPeriods.TakeAsync(transaction, run, seal.Number, seal.Upto, only, except, options.Value.RunBatch, cancellationToken);
        if (dirty.Count == 0)
        {
            return null;
        }

        CorrectionBatch batch = new(transaction, seal, subscriptions, new UsageOfScopes(database, options.Value.MaxSimulatedEvents), time.GetUtcNow());
        string[] ids = [.. dirty.Select(one => one.Subscription).Distinct()];
        try
        {
            int corrected = await batch.RunAsync(dirty, run, cancellationToken);
            await transaction.CommitAsync(CancellationToken.None);
            LogCorrected(tenant, dirty.Count, corrected, seal.Number);
            return new Batch(ids, corrected, Failure: null);
        }
        catch (Exception failure) when (IsOfWhatIsCorrected(failure))
        {
            return new Batch(ids, Corrected: 0, failure);
        }
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

    /// <summary>That a database gives no answer, or that another change came first, says nothing about a subscription.</summary>
    private static bool IsOfWhatIsCorrected(Exception failure) =>
        !Clashes.IsClash(failure) && failure is PostgresException or not (NpgsqlException or HttpRequestException or IOException or TimeoutException or OperationCanceledException);

    /// <param name="Failure">Why nothing of it was corrected.</param>
    private sealed record Batch(string[] Subscriptions, int Corrected, Exception? Failure);

    [LoggerMessage(6145, LogLevel.Information, "Tenant {Tenant}: {Periods} billed periods looked at again as of seal {Seal}, {Corrected} corrected")]
    private partial void LogCorrected(string tenant, int periods, int corrected, long seal);

    [LoggerMessage(6146, LogLevel.Information, "A batch of the correction run ran into another change ({State}) and is done again")]
    private partial void LogAgain(string state);

    [LoggerMessage(6147, LogLevel.Error, "Tenant {Tenant}: subscription {Subscription} could not be corrected, which is tried again")]
    private partial void LogFailed(string tenant, string subscription, Exception exception);
}
