using Metering.EventLog;
using Metering.Storage.Postgres;
using Metering.Storage.Postgres.Generations;

namespace Metering.Aggregator.Generations;

/// <summary>The usage topic that is written to, and which generation it is.</summary>
/// <param name="Log">Where the topics of earlier generations are too.</param>
/// <param name="Topic">As the log numbers it.</param>
/// <param name="Retention">Of every generation's topic.</param>
public sealed record UsageLog(IEventLog Log, ITopic Topic, LogGeneration Generation, TimeSpan Retention = default)
{
    /// <summary>Opens the newest generation, the first one when nothing was ever counted.</summary>
    /// <param name="partitions">Of the first generation: the count of a later one is recorded.</param>
    /// <exception cref="TopicMismatchException">The topic has another partition count.</exception>
    public static async Task<UsageLog> OpenAsync(IEventLog log, PostgresDatabase database, int partitions, TimeSpan retention, CancellationToken cancellationToken)
    {
        LogGeneration? newest = await new LogGenerations(database).NewestAsync(cancellationToken);
        LogGeneration generation = newest is { Number: > 1 } ? newest : LogGeneration.First(partitions);
        return new UsageLog(log, await log.OpenAsync(new TopicSpec(generation.Topic, generation.Partitions, retention), cancellationToken), generation, retention);
    }

    /// <summary>The topic as everything that was counted numbers it.</summary>
    public ITopic Numbered() => Generation.Number == 1 ? Topic : new NumberedTopic(Topic, Generation);
}
