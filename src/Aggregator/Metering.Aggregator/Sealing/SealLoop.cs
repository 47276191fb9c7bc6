using Metering.Storage.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Metering.Aggregator.Sealing;

/// <summary>Seals for as long as this process holds the sealer's lock; waits for it otherwise.</summary>
internal sealed class SealLoop(Sealer sealer, PostgresDatabase database, AggregatorOptions options, TimeProvider time, ILogger<SealLoop> logger)
{
    public async Task RunAsync(int partitions, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await HoldLockAsync(partitions, cancellationToken);
            }
            catch (Exception problem) when (problem is not (OperationCanceledException or Partitions.PartitionStoppedException or Engine.InvariantException))
            {
                AggregatorLog.TaskFailed(logger, "Sealing", problem.Message, problem);
            }

            await Task.Delay(options.SealInterval, time, cancellationToken);
        }
    }

    /// <summary>The lock lives as long as the connection, so a dead sealer gives it back.</summary>
    private async Task HoldLockAsync(int partitions, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlCommand lockCommand = connection.Command("select pg_try_advisory_lock($1)", SealStore.SealerLock);
        if (await lockCommand.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return;
        }

        try
        {
            while (true)
            {
                bool sealedOne = await sealer.StepAsync(partitions, cancellationToken);
                await using NpgsqlCommand alive = connection.Command("select 1");
                await alive.ExecuteScalarAsync(cancellationToken);
                if (!sealedOne)
                {
                    await Task.Delay(options.SealInterval, time, cancellationToken);
                }
            }
        }
        finally
        {
            await using NpgsqlCommand unlock = connection.Command("select pg_advisory_unlock($1)", SealStore.SealerLock);
            await unlock.ExecuteScalarAsync(CancellationToken.None);
        }
    }
}
