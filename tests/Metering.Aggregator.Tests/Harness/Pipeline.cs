using System.Globalization;
using Metering.Aggregator.Auditing;
using Metering.Aggregator.Generations;
using Metering.EventLog;
using Metering.EventLog.Embedded;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres;
using Metering.Storage.Postgres.Generations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Metering.Aggregator.Tests.Harness;

/// <summary>One life of an aggregator process over real stores: start it, break it, start the next one on the same place.</summary>
public sealed class Pipeline : IAsyncDisposable
{
    public const int Partitions = 2;

    /// <summary>The name of the aggregator that every pipeline has.</summary>
    public const string Owner = "test";

    private readonly Place _place;
    private readonly IHost _host;

    private Pipeline(Place place, UsageLog log, IHost host, PostgresDatabase postgres, ClickHouseDatabase clickHouse, FaultyTransport transport)
    {
        _place = place;
        _host = host;
        Log = log;
        Postgres = postgres;
        ClickHouse = clickHouse;
        Transport = transport;
    }

    public UsageLog Log { get; }

    public ITopic Topic => Log.Topic;

    public PostgresDatabase Postgres { get; }

    /// <summary>The test's own road to ClickHouse, without faults.</summary>
    public ClickHouseDatabase ClickHouse { get; }

    public FaultyTransport Transport { get; }

    public IServiceProvider Services => _host.Services;

    public static async Task<Pipeline> StartAsync(Place place, FaultyTransport? transport = null, Action<AggregatorOptions>? configure = null)
    {
        transport ??= new FaultyTransport();
        PostgresDatabase postgres = new(place.Postgres);
        ClickHouseDatabase clickHouse = new(place.ClickHouse);
        await postgres.MigrateAsync(default);
        await clickHouse.MigrateAsync(default);
        EmbeddedEventLog log = EmbeddedEventLog.Open(
            new EmbeddedEventLogOptions { DataDirectory = Path.Combine(place.Folder, "log") }, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        UsageLog usage = await UsageLog.OpenAsync(log, postgres, Partitions, TimeSpan.Zero, default);
        IHost host = await StartAggregatorAsync(place, Owner, usage, transport, postgres, configure);
        return new Pipeline(place, usage, host, postgres, clickHouse, transport);
    }

    /// <summary>Another aggregator over the same log and stores, as another process would be. The caller stops it.</summary>
    public Task<IHost> JoinAsync(string owner, Action<AggregatorOptions>? configure = null) =>
        StartAggregatorAsync(_place, owner, Log, new FaultyTransport(), Postgres, configure);

    /// <summary>Appends records and insists that every one is durable.</summary>
    public async Task AppendAsync(IEnumerable<Sent> events)
    {
        using AppendBatch batch = new();
        foreach (Sent sent in events)
        {
            sent.AddTo(batch, Topic.PartitionCount);
        }

        await Topic.AppendAsync(batch, default);
        for (int i = 0; i < batch.Count; i++)
        {
            if (!batch.Result(i).IsDurable)
            {
                throw new InvalidOperationException(batch.Result(i).Failure);
            }
        }
    }

    /// <summary>Waits until every record in the log is confirmed and shown to readers, and every meter is ready.</summary>
    public async Task SettleAsync(TimeSpan? limit = null)
    {
        LogGeneration generation = Log.Generation;
        long[] ends = new long[generation.PartCount];
        for (int part = generation.FirstPart; part <= generation.LastPart; part++)
        {
            ends[part] = (await Log.Numbered().GetRangeAsync(part, default)).High;
        }

        DateTimeOffset deadline = TimeProvider.System.GetUtcNow() + (limit ?? TimeSpan.FromSeconds(30));
        while (!await IsSettledAsync(ends))
        {
            if (TimeProvider.System.GetUtcNow() > deadline)
            {
                throw new TimeoutException("The pipeline did not settle. " + TestLog.Instance.Tail());
            }

            await Task.Delay(20);
        }
    }

    public Task<AuditReport> AuditAsync() => Services.GetRequiredService<Auditor>().RunAsync(windows: true, onDay: null, default);

    public async Task<T> PostgresAsync<T>(string sql)
    {
        await using NpgsqlCommand command = Postgres.Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>All rows as tab-separated text.</summary>
    public async Task<string[]> RowsAsync(string sql)
    {
        using global::ClickHouse.Driver.ADO.ClickHouseRawResult result = await ClickHouse.QueryRawAsync(sql + " FORMAT TSV", default);
        return (await result.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource deadline = new(TimeSpan.FromSeconds(10));
        try
        {
            await _host.StopAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            // A crashed pipeline has nothing to stop cleanly.
        }

        await ((IAsyncDisposable)_host).DisposeAsync();
        await Topic.DisposeAsync();
        await Log.Log.DisposeAsync();
        ClickHouse.Dispose();
        await Postgres.DisposeAsync();
    }

    private async Task<bool> IsSettledAsync(long[] ends)
    {
        await using NpgsqlCommand command = Postgres.Source.CreateCommand(
            """
            select (select array_agg(confirmed order by part) from partition_state),
              (select count(*) from meter_rev where state = 'backfilling') = 0,
              (select coalesce(max(seq), 0) from house_job) <= (select confirmed from partition_state where part = (select partitions from log_topic where generation = 1))
            """);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return !reader.IsDBNull(0) && reader.GetFieldValue<long[]>(0) is { } confirmed && confirmed.Zip(ends).All(pair => pair.First + 1 >= pair.Second)
            && reader.GetBoolean(1) && reader.GetBoolean(2) && await AreShownAsync(confirmed);
    }

    /// <summary>Readers see a flush a moment after it is confirmed.</summary>
    private async Task<bool> AreShownAsync(long[] confirmed)
    {
        string[] marks = await RowsAsync("SELECT toString(max(hi)) FROM flush_mark GROUP BY part ORDER BY part");
        return marks.Select(mark => long.Parse(mark, CultureInfo.InvariantCulture)).Zip(confirmed).All(pair => pair.First >= pair.Second);
    }

    private static async Task<IHost> StartAggregatorAsync(
        Place place, string owner, UsageLog usage, FaultyTransport transport, PostgresDatabase postgres, Action<AggregatorOptions>? configure)
    {
        AggregatorOptions options = new()
        {
            Owner = owner,
            CacheDirectory = Path.Combine(place.Folder, owner, "dedup"),
            FlushInterval = TimeSpan.FromMilliseconds(20),
            TickInterval = TimeSpan.FromMilliseconds(100),
            TickFlushInterval = TimeSpan.FromMilliseconds(100),
            SealInterval = TimeSpan.FromMilliseconds(100),
            MeterPollInterval = TimeSpan.FromMilliseconds(50),
            AllowedLateness = TimeSpan.Zero,
            DrainDeadline = TimeSpan.FromMilliseconds(50),
            AuditInterval = TimeSpan.FromDays(1),
        };
        configure?.Invoke(options);
        HostApplicationBuilder builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddProvider(TestLog.Instance).SetMinimumLevel(LogLevel.Information);
        builder.Services
            .AddSingleton(TimeProvider.System)
            .AddSingleton(postgres)
            .AddSingleton(new ClickHouseDatabase(place.ClickHouse, new HttpClient(transport, disposeHandler: false)))
            .AddMetrics()
            .AddAggregator(usage, options);
        IHost host = builder.Build();
        await host.StartAsync();
        return host;
    }
}
