using Metering.Billing.Postgres.Outbox;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Tests.Testing;
using Metering.Contracts;
using Metering.EventLog;
using Metering.EventLog.Embedded;
using Metering.EventLog.Kafka;
using Metering.Storage.Postgres;
using Metering.Testing.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Outbox;

/// <summary>An outbox on a database of its own, and the topic it is relayed to.</summary>
internal sealed class OutboxWorld : IAsyncDisposable
{
    private readonly IEventLog _log;
    private readonly IDisposable _held;

    private OutboxWorld(PostgresDatabase database, IEventLog log, ITopic topic, IDisposable held) => (Database, _log, Topic, _held) = (database, log, topic, held);

    public PostgresDatabase Database { get; }

    public ITopic Topic { get; }

    /// <param name="kafka">Kafka's client against brokers in this process, instead of the embedded log.</param>
    public static async Task<OutboxWorld> CreateAsync(Engines engines, bool kafka) => await CreateAsync(await engines.CreateDatabaseAsync(), kafka);

    /// <inheritdoc cref="CreateAsync(Engines, bool)"/>
    /// <param name="database">Disposed of with it.</param>
    public static async Task<OutboxWorld> CreateAsync(PostgresDatabase database, bool kafka)
    {
        (IEventLog log, IDisposable held) = kafka ? OnKafka() : Embedded();
        ITopic topic = await log.OpenAsync(new TopicSpec(Topics.BillingEvents, Topics.BillingPartitions), TestContext.Current.CancellationToken);
        return new OutboxWorld(database, log, topic, held);
    }

    /// <summary>Adds one message to each aggregate, in one transaction of each tenant.</summary>
    public async Task AddAsync(int round, int tenants = 2, int aggregates = 5)
    {
        for (int tenant = 0; tenant < tenants; tenant++)
        {
            await using TenantTransaction transaction = await new TenantDatabase(Database).BeginAsync($"t{tenant}", TestContext.Current.CancellationToken);
            await OutboxStore.AddAsync(
                transaction, [.. Enumerable.Range(0, aggregates).Select(aggregate => new OutboxMessage($"thing:{aggregate}", "thing.happened", $$"""{"n":{{round}}}"""))], DateTimeOffset.UnixEpoch,
                TestContext.Current.CancellationToken);
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>What a consumer makes of the log: each message once, by its id, in the order of its first copy.</summary>
    public async Task<Dictionary<string, List<string>>> ConsumeAsync()
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        return (await ReadAllAsync()).Where(message => seen.Add(message.Id)).GroupBy(message => $"{message.Tenant} {message.Aggregate}").ToDictionary(group => group.Key, group => group.Select(one => one.Body).ToList());
    }

    /// <summary>Every record in the log, copies too: those before a mark that is appended to each partition.</summary>
    public async Task<List<BillingMessage>> ReadAllAsync()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        using AppendBatch marks = new();
        for (int partition = 0; partition < Topic.PartitionCount; partition++)
        {
            "mark"u8.CopyTo(marks.GetSpan(4));
            marks.Advance(4);
            marks.EndRecord(partition);
        }

        await Topic.AppendAsync(marks, stop);
        List<BillingMessage> messages = [];
        for (int partition = 0; partition < Topic.PartitionCount; partition++)
        {
            long reached = 0;
            await using ILogReader reader = await Topic.OpenReaderAsync([new PartitionOffset(partition, 0)], stop);
            while (reached < marks.Result(partition).Offset)
            {
                foreach (LogRecord record in await reader.ReadAsync(1000, 1 << 20, TimeSpan.FromSeconds(1), stop))
                {
                    reached = record.Offset;
                    messages.AddRange(record.Value.Span.SequenceEqual("mark"u8) ? [] : [BillingMessage.Read(record.Value.ToArray())]);
                }
            }
        }

        return messages;
    }

    public async Task<long> PendingAsync()
    {
        await using NpgsqlCommand command = Database.Source.CreateCommand("select count(*) from billing.outbox where relayed_at is null");
        return (long)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    public async ValueTask DisposeAsync()
    {
        await Topic.DisposeAsync();
        await _log.DisposeAsync();
        _held.Dispose();
        await Database.DisposeAsync();
    }

    private static (IEventLog Log, IDisposable Held) Embedded()
    {
        TempFolder folder = new();
        return (EmbeddedEventLog.Open(new EmbeddedEventLogOptions { DataDirectory = folder.Path }, TimeProvider.System, NullLoggerFactory.Instance), folder);
    }

    private static (IEventLog Log, IDisposable Held) OnKafka()
    {
        MockCluster cluster = new(brokers: 2);
        cluster.CreateTopic(Topics.BillingEvents, Topics.BillingPartitions);

        // The mock answers no request to make or describe topics, and does not end a fetch's wait when records come.
        KafkaEventLogOptions options = new() { BootstrapServers = cluster.BootstrapServers, CreateTopics = false, CheckTopics = false, FetchWait = TimeSpan.FromMilliseconds(20) };
        return (KafkaEventLog.Open(options, TimeProvider.System, NullLoggerFactory.Instance), cluster);
    }

    private sealed class TempFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("metering-outbox-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
