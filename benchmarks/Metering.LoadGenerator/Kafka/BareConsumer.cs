using System.Diagnostics;
using Confluent.Kafka;
using Metering.EventLog.Kafka;

namespace Metering.LoadGenerator.Kafka;

/// <summary>The reference for everything that reads the topic: a consumer that takes every value and does nothing with it.</summary>
internal static class BareConsumer
{
    /// <returns>From the assignment to the end of every partition.</returns>
    /// <exception cref="IOException">It has read another number of events.</exception>
    public static TimeSpan Read(string topic, int partitions, long events, KafkaEventLogOptions log, CancellationToken cancellationToken)
    {
        using IConsumer<Ignore, byte[]> consumer = new ConsumerBuilder<Ignore, byte[]>(Configuration(log)).Build();
        long started = Stopwatch.GetTimestamp();
        consumer.Assign(Enumerable.Range(0, partitions).Select(partition => new TopicPartitionOffset(topic, partition, Offset.Beginning)));
        long read = 0;
        for (int open = partitions; open > 0;)
        {
            if (consumer.Consume(cancellationToken).IsPartitionEOF)
            {
                open--;
            }
            else
            {
                read++;
            }
        }

        TimeSpan took = Stopwatch.GetElapsedTime(started);
        return read == events ? took : throw new IOException($"The topic gave {read} events of {events}.");
    }

    /// <summary>As much fetched ahead as the aggregator's reader may.</summary>
    private static ConsumerConfig Configuration(KafkaEventLogOptions log) => new()
    {
        BootstrapServers = log.BootstrapServers,
        GroupId = "bare",
        EnableAutoCommit = false,
        EnablePartitionEof = true,
        FetchWaitMaxMs = (int)log.FetchWait.TotalMilliseconds,
        QueuedMaxMessagesKbytes = (int)(log.PrefetchBytes >> 10),
        QueuedMinMessages = 10_000_000,
    };
}
