using Metering.EventLog.Kafka;
using Metering.Testing.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Metering.EventLog.Tests.Kafka;

public sealed class OutageTests
{
    /// <summary>Taken for an offset, "unknown" would say that the log has lost everything, and stop the partition for good.</summary>
    [Fact]
    public async Task What_is_retained_is_unknown_while_the_brokers_are_away_and_known_afterwards()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        using MockCluster cluster = new();
        cluster.CreateTopic("outage", 1);
        await using KafkaEventLog log = KafkaEventLog.Open(MockOptions.For(cluster), TimeProvider.System, NullLoggerFactory.Instance);
        ITopic topic = await log.OpenAsync(new TopicSpec("outage", 1), cancellationToken);
        using AppendBatch batch = new();
        batch.GetSpan(1)[0] = 1;
        batch.Advance(1);
        batch.EndRecord(0);
        await topic.AppendAsync(batch, cancellationToken);

        cluster.GoDown();
        await Assert.ThrowsAsync<EventLogUnavailableException>(() => topic.GetRangeAsync(0, cancellationToken).AsTask());

        cluster.ComeUp();
        OffsetRange range = default;
        for (int attempt = 0; attempt < 30 && range == default; attempt++)
        {
            try
            {
                range = await topic.GetRangeAsync(0, cancellationToken);
            }
            catch (EventLogUnavailableException)
            {
                await Task.Delay(200, cancellationToken);
            }
        }

        Assert.Equal(new OffsetRange(1, 2), range);
    }
}
