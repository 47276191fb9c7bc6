using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Metering.EventLog.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Testcontainers.Kafka;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>The contract on real brokers: topics are made and checked as in production, with one replica so that one broker is enough.</summary>
public abstract class ServerKafkaContract : EventLogContract
{
    protected override int MaxRecordBytes => 1 << 20;

    protected abstract Task<string> BootstrapServersAsync();

    protected override async Task<IEventLog> OpenLogAsync() => KafkaEventLog.Open(
        new KafkaEventLogOptions { BootstrapServers = await BootstrapServersAsync(), ReplicationFactor = 1, MinInSyncReplicas = 1 },
        TimeProvider.System,
        NullLoggerFactory.Instance);

    protected override async Task DeleteTopicAsync(string name)
    {
        using IAdminClient admin = await AdminAsync();
        await admin.DeleteTopicsAsync([name]);
    }

    /// <summary>Topics are named by process, and a process number comes again.</summary>
    public override async ValueTask InitializeAsync()
    {
        await DeleteOwnTopicsAsync();
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await DeleteOwnTopicsAsync();
    }

    private async Task DeleteOwnTopicsAsync()
    {
        using IAdminClient admin = await AdminAsync();
        string[] own = [.. admin.GetMetadata(TimeSpan.FromSeconds(20)).Topics.Select(topic => topic.Topic)
            .Where(name => name.StartsWith($"contract.{Environment.ProcessId}.", StringComparison.Ordinal))];
        if (own.Length > 0)
        {
            await admin.DeleteTopicsAsync(own, new DeleteTopicsOptions { OperationTimeout = TimeSpan.FromSeconds(20) });
        }
    }

    private async Task<IAdminClient> AdminAsync() =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = await BootstrapServersAsync() }).Build();
}

/// <summary>The contract on the brokers of <c>METERING_TEST_KAFKA</c>.</summary>
public sealed class NamedKafkaContract : ServerKafkaContract
{
    protected override Task<string> BootstrapServersAsync() =>
        Task.FromResult(Brokers.Named ?? throw new InvalidOperationException("METERING_TEST_KAFKA names no broker."));
}

/// <summary>The contract on a broker in a container, started once and removed with the process.</summary>
public sealed class ContainerKafkaContract : ServerKafkaContract
{
    private static readonly Lazy<Task<KafkaContainer>> s_container = new(StartAsync);

    protected override async Task<string> BootstrapServersAsync() => (await s_container.Value).GetBootstrapAddress();

    private static async Task<KafkaContainer> StartAsync()
    {
        KafkaContainer container = new KafkaBuilder("apache/kafka:4.1.0").Build();
        await container.StartAsync();
        return container;
    }
}
