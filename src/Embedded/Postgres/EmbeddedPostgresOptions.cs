using System.Net;

namespace Metering.Embedded.Postgres;

public sealed record EmbeddedPostgresOptions
{
    /// <summary>The data folder; made when missing. One instance at a time.</summary>
    public required string DataPath { get; init; }

    /// <summary>Loopback only. Port 0 takes a free one and keeps it across restarts.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    public int MaxConnections { get; init; } = 100;

    public int SharedBuffersMegabytes { get; init; } = 128;

    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(20);
}
