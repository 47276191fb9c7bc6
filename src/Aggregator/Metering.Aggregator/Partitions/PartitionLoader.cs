using Metering.Aggregator.Deduplication;
using Metering.Aggregator.Engine.Deduplication;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Flushing;
using Metering.Aggregator.House;
using Metering.EventLog;
using Metering.Storage.Postgres.Generations;

namespace Metering.Aggregator.Partitions;

/// <summary>Brings a partition that was taken to where its last owner left it: checks the stores, rebuilds the dedup state, resends what was on its way.</summary>
internal sealed class PartitionLoader(
    ITopic topic, LogGeneration generation, StartChecks checks, DeduplicatorLoader deduplicators, FlushLoop flushLoop, HouseLoop houseLoop, AggregatorOptions options, TimeProvider time)
{
    /// <exception cref="PartitionStoppedException">The stores do not fit together.</exception>
    public async Task<OwnedPartition> LoadAsync(PartitionState state, CancellationToken cancellationToken)
    {
        bool isHouse = state.Part == generation.House;
        if (!isHouse)
        {
            await checks.CheckAsync(state, topic, cancellationToken);
        }

        LoadedState loaded = isHouse
            ? new LoadedState(new Deduplicator(), 1)
            : await deduplicators.LoadAsync(state.Part, state.PendingLo ?? (state.Confirmed + 1), state.Clock, cancellationToken);
        OwnedPartition owned = new(state, new PartitionEngine(state.Part, generation.FirstPart, generation.Partitions, options.Horizon, loaded.Deduplicator), loaded) { LastRead = time.GetUtcNow() };
        try
        {
            if (state is { PendingLo: { } lo, PendingHi: { } hi })
            {
                await (isHouse ? houseLoop.ResendAsync(owned, lo, cancellationToken) : flushLoop.ResendAsync(owned, lo, hi, topic, cancellationToken));
            }

            return owned;
        }
        catch
        {
            owned.Dispose();
            throw;
        }
    }
}
