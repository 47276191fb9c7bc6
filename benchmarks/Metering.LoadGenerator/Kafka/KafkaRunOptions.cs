namespace Metering.LoadGenerator.Kafka;

internal sealed record KafkaRunOptions
{
    /// <summary>In the topic before anything counts them.</summary>
    public required long Events { get; init; }

    public required int Partitions { get; init; }

    public required int Aggregators { get; init; }

    /// <summary>Events per second, while freshness is measured.</summary>
    public required double Rate { get; init; }

    /// <summary>How long freshness is sampled.</summary>
    public required TimeSpan Sampling { get; init; }
}
