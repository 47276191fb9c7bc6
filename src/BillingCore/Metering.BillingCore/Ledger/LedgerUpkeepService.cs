using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Zones;
using Metering.Storage.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.BillingCore.Ledger;

/// <summary>
/// Looks after the ledger of each tenant about once an hour: recognises revenue of months that are over, and writes balances down. Any number of processes
/// may run it: each tenant is one's at a time.
/// </summary>
internal sealed partial class LedgerUpkeepService(PostgresDatabase postgres, TenantDatabase tenants, TimeProvider time, ILogger<LedgerUpkeepService> logger) : BackgroundService
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(s_pause, time);
        do
        {
            await RunTurnsAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task RunTurnsAsync(CancellationToken stopping)
    {
        try
        {
            while (await LedgerUpkeep.TryBeginAsync(postgres, stopping) is { } turn)
            {
                await using (turn)
                {
                    await RunAsync(turn.Tenant, stopping);
                    await turn.CompleteAsync(stopping);
                }
            }
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            LogAway(failure);
        }
    }

    /// <summary>A tenant whose ledger fails has its next turn in an hour like all others, and keeps nobody waiting.</summary>
    private async Task RunAsync(string tenant, CancellationToken stopping)
    {
        try
        {
            RecognizedBatch batch;
            do
            {
                batch = await InTransactionAsync(tenant, transaction => RevenueRecognition.RunAsync(transaction, TzdbZones.Instance, until: null, time.GetUtcNow(), stopping), stopping);
                LogRecognized(tenant, batch.Lines, batch.Posted);
            }
            while (!batch.IsLast);
            await InTransactionAsync(tenant, async transaction =>
            {
                await LedgerUpkeep.SnapshotAsync(transaction, stopping);
                return batch;
            }, stopping);
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            LogFailed(tenant, failure);
        }
    }

    private async Task<T> InTransactionAsync<T>(string tenant, Func<TenantTransaction, Task<T>> work, CancellationToken cancellationToken)
    {
        await using TenantTransaction transaction = await tenants.BeginAsync(tenant, cancellationToken);
        T result = await work(transaction);
        await transaction.CommitAsync(cancellationToken);
        return result;
    }

    [LoggerMessage(6131, LogLevel.Debug, "Tenant {Tenant}: of {Lines} deferred lines, {Posted} months became revenue")]
    private partial void LogRecognized(string tenant, int lines, int posted);

    [LoggerMessage(6132, LogLevel.Error, "The ledger of tenant {Tenant} was not looked after; its next turn is in an hour")]
    private partial void LogFailed(string tenant, Exception exception);

    [LoggerMessage(6133, LogLevel.Warning, "PostgreSQL does not answer; ledgers are looked after in a minute")]
    private partial void LogAway(Exception exception);
}
