using System.Globalization;
using Metering.Contracts;
using Metering.EndToEnd.Tests.Running;
using Npgsql;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>
/// All that remembered what was accepted is gone but the raw table: the owners die and their caches with them, the log has deleted everything that was
/// counted, and others own the partitions. The senders go on repeating events from before.
/// </summary>
internal static class NodeLoss
{
    private static readonly TimeSpan s_load = TimeSpan.FromSeconds(5);

    public static FaultRow Row { get; } = FaultRow.OnCluster(
        "scenario 5", "node loss", "both aggregators killed and their caches deleted, every counted record deleted from the log, the partitions moved to others; twice", StrikeAsync);

    private static async Task<Strike> StrikeAsync(MeteringCluster cluster)
    {
        int deleted = 0;
        for (int i = 0; i < 2; i++)
        {
            await Task.Delay(s_load);
            MeteringProcess[] lost = [.. cluster.Aggregators];
            await Task.WhenAll(lost.Select(one => one.KillAsync()));
            Array.ForEach(lost, one => Directory.Delete(one.Data, recursive: true));
            deleted += await DeleteCountedAsync(cluster);
            cluster.Aggregators.Clear();
            await Task.WhenAll(cluster.AddAggregatorAsync(), cluster.AddAggregatorAsync());
            await Eventually.TrueAsync(async () => (await cluster.OwnedAsync()).Sum() == MeteringCluster.Partitions + 1, "the partitions have owners again");
        }

        return new Strike(2, Note: string.Create(CultureInfo.InvariantCulture, $"{deleted:N0} counted records deleted from the log"));
    }

    private static async Task<int> DeleteCountedAsync(MeteringCluster cluster)
    {
        if (cluster.Broker is not { } broker)
        {
            throw new InvalidOperationException("This row deletes records as retention does, and can do so on the mock cluster only.");
        }

        long deleted = 0;
        await using NpgsqlConnection connection = await cluster.ConnectAsync();
        await using NpgsqlCommand command = new($"select part, confirmed, records from partition_state where part < {MeteringCluster.Partitions} and confirmed > 0", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            // Ours is Kafka's offset and one, so everything below it in Kafka's numbers is what was counted.
            broker.DeleteRecords(Topics.UsageEvents, reader.GetInt32(0), reader.GetInt64(1));
            deleted += reader.GetInt64(2);
        }

        return (int)deleted;
    }
}
