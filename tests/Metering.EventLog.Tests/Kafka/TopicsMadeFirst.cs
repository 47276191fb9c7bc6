using Metering.Testing.Kafka;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>Makes each topic on the mock before it is opened: clients cannot.</summary>
internal sealed class TopicsMadeFirst(MockCluster cluster, IEventLog log) : IEventLog
{
    public Task<ITopic> OpenAsync(TopicSpec spec, CancellationToken cancellationToken)
    {
        if (!spec.MustExist && spec.Name.StartsWith("contract.", StringComparison.Ordinal))
        {
            cluster.CreateTopic(spec.Name, spec.Partitions);
        }

        return log.OpenAsync(spec, cancellationToken);
    }

    public ValueTask DisposeAsync() => log.DisposeAsync();
}
