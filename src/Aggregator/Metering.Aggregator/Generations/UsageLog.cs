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
    /// <exception cref="TopicMismatchException">The topic has another partition count, or is not the one that was counted: nothing may be acknowledged into it.</exception>
    public static async Task<UsageLog> OpenAsync(IEventLog log, PostgresDatabase database, int partitions, TimeSpan retention, CancellationToken cancellationToken)
    {
        LogGenerations generations = new(database);
        LogGeneration? newest = await generations.NewestAsync(cancellationToken);
        LogGeneration generation = newest is { Number: > 1 } ? newest : LogGeneration.First(partitions);
        ITopic topic = await log.OpenAsync(new TopicSpec(generation.Topic, generation.Partitions, retention), cancellationToken);
        if (newest is not null && await generations.TopicIdAsync(newest.Number, cancellationToken) is var counted && counted != topic.Id)
        {
            throw new TopicMismatchException(
                $"The log's topic is {topic.Id}, but what PostgreSQL has counted belongs to topic {counted}: the topic was made anew or another PostgreSQL is connected. Put the topic back, or connect the PostgreSQL that belongs to this one.");
        }

        return new UsageLog(log, topic, generation, retention);
    }

    /// <summary>The topic as everything that was counted numbers it.</summary>
    public ITopic Numbered() => Generation.Number == 1 ? Topic : new NumberedTopic(Topic, Generation);
}
