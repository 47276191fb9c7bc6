using Metering.Billing.Postgres.Runs;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Subscriptions;
using Metering.Storage.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.BillingCore.Runs;

/// <summary>Every few seconds: bills what is due, of all tenants; marks the billed periods that seals wrote into, and corrects them once a day; lets subscriptions follow their overdue invoices.</summary>
internal sealed partial class BillingRunService(BillingRun run, CorrectionRunner corrections, StandingJob standings, ZoneMoves zoneMoves, WaitWatch waits, BillingMetrics metrics, PostgresDatabase database, IOptions<BillingOptions> options, TimeProvider time, ILogger<BillingRunService> logger) : BackgroundService
{
    /// <summary>Tenants whose subscriptions count by this program's release of the zones.</summary>
    private readonly HashSet<string> _released = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(options.Value.RunEvery, time);
        do
        {
            await OnceAsync(stoppingToken);
        }
        while (await WaitAsync(timer, stoppingToken));
    }

    private async Task OnceAsync(CancellationToken stoppingToken)
    {
        try
        {
            await corrections.FollowAsync(stoppingToken);
            List<DraftWait> waiting = [];
            foreach (string tenant in await Tenants.ListAsync(database, stoppingToken))
            {
                await TenantAsync(tenant, waiting, stoppingToken);
            }

            metrics.DraftsWait(waiting, time.GetUtcNow());
        }
        catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
        {
            LogFailed(failure);
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // What was begun is undone, and is due again at the next start.
        }
    }

    /// <summary>What one tenant has in its catalogue must not keep the others from being billed.</summary>
    private async Task TenantAsync(string tenant, List<DraftWait> waiting, CancellationToken stoppingToken)
    {
        try
        {
            if (!_released.Contains(tenant))
            {
                await zoneMoves.ReleaseAsync(tenant, stoppingToken);
                _released.Add(tenant);
            }

            RunTally tally = await run.RunAsync(tenant, time.GetUtcNow(), progress: null, stoppingToken, stoppingToken);
            if (tally.Invoices > 0)
            {
                LogBilled(tenant, tally.Invoices, tally.Waiting);
            }

            waiting.AddRange(await waits.RunAsync(tenant, stoppingToken));
            await corrections.RunAsync(tenant, corrections.Today, stoppingToken);
            await standings.RunAsync(tenant, stoppingToken);
        }
        catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
        {
            LogTenantFailed(tenant, failure);
        }
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(6142, LogLevel.Information, "Tenant {Tenant}: {Invoices} invoices issued, {Waiting} drafts wait")]
    private partial void LogBilled(string tenant, int invoices, int waiting);

    [LoggerMessage(6143, LogLevel.Error, "The billing run failed and tries again")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(6144, LogLevel.Error, "The billing run of tenant {Tenant} failed and tries again")]
    private partial void LogTenantFailed(string tenant, Exception exception);
}
