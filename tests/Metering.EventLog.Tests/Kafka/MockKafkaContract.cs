using Metering.EventLog.Kafka;
using Metering.Testing.Kafka;
using Microsoft.Extensions.Logging.Abstractions;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>The contract on Kafka's client against brokers in this process. They live as long as the test, so the log can be closed and opened.</summary>
public sealed class MockKafkaContract : EventLogContract
{
    private readonly MockCluster _cluster = new(brokers: 3);

    protected override int MaxRecordBytes => 1 << 20;

    protected override Task<IEventLog> OpenLogAsync() => Task.FromResult<IEventLog>(
        new TopicsMadeFirst(_cluster, KafkaEventLog.Open(MockOptions.For(_cluster), TimeProvider.System, NullLoggerFactory.Instance)));

    protected override Task DeleteTopicAsync(string name)
    {
        _cluster.DeleteTopic(name);
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _cluster.Dispose();
    }
}
