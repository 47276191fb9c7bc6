using System.Net;

namespace Metering.Embedded.ClickHouse;

public sealed record EmbeddedClickHouseOptions
{
    /// <summary>The data folder; made when missing. One instance at a time.</summary>
    public required string DataPath { get; init; }

    /// <summary>The command that ends in <see cref="ClickHouseServerProcess.RunAsync"/>; its arguments are appended.</summary>
    public required EngineCommand Command { get; init; }

    /// <summary>Loopback only. Port 0 takes a free one and keeps it across restarts.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>Reads and writes have slots of their own, so that long queries do not hold up inserts.</summary>
    public int MaxConcurrentReads { get; init; } = 6;

    public int MaxConcurrentWrites { get; init; } = 6;

    /// <summary>Requests of either kind that may wait for a slot; more get 503 and code 202.</summary>
    public int MaxQueued { get; init; } = 128;

    public TimeSpan QueuePatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The largest request body, as sent and decompressed.</summary>
    public long MaxBodyBytes { get; init; } = 1L << 30;

    /// <summary>How much of a result `wait_end_of_query=1` may hold back.</summary>
    public long MaxBufferedResultBytes { get; init; } = 256L << 20;

    /// <summary>`max_memory_usage` of a query that does not say its own; by default half of what this machine or container has.</summary>
    public ulong? MaxQueryMemoryBytes { get; init; }

    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(15);
}
