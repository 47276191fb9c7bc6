using Metering.EventLog.Kafka;
using Metering.Testing.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>Opens a topic as a process does when it starts, and closes it again.</summary>
internal static class Opening
{
    // Each refusal takes as long.
    private static readonly TimeSpan s_requestTimeout = TimeSpan.FromSeconds(2);

    /// <exception cref="EventLogUnavailableException">The cluster would not have us.</exception>
    public static async Task SucceedsAsync(MockCluster cluster, KafkaSecurityOptions security)
    {
        KafkaEventLogOptions options = new()
        {
            BootstrapServers = cluster.BootstrapServers, Security = security, ReplicationFactor = 1, MinInSyncReplicas = 1, RequestTimeout = s_requestTimeout,
        };
        await using KafkaEventLog log = KafkaEventLog.Open(options, TimeProvider.System, NullLoggerFactory.Instance);
        await log.OpenAsync(new TopicSpec("usage.events", 4), TestContext.Current.CancellationToken);
    }

    /// <returns>What the operator reads.</returns>
    public static async Task<string> FailsAsync(MockCluster cluster, KafkaSecurityOptions security)
    {
        string message = (await Assert.ThrowsAsync<EventLogUnavailableException>(() => SucceedsAsync(cluster, security))).Message;
        TestContext.Current.TestOutputHelper!.WriteLine(message);
        Assert.Contains(cluster.BootstrapServers, message, StringComparison.Ordinal);
        return message;
    }
}
