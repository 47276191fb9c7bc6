namespace Metering.Testing.Kafka.Wire;

/// <summary>Kafka's numbers of the requests that the fronts look at.</summary>
internal enum Api : short
{
    Produce = 0,
    Metadata = 3,
    FindCoordinator = 10,
    SaslHandshake = 17,
    ApiVersions = 18,
    CreateTopics = 19,
    DescribeConfigs = 32,
    SaslAuthenticate = 36,
}
