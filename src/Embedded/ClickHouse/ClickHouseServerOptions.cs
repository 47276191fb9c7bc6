using System.Globalization;
using System.Net;

namespace Metering.Embedded.ClickHouse;

/// <summary>What the child process is started with; travels as command-line arguments.</summary>
internal sealed record ClickHouseServerOptions
{
    public required string LibraryPath { get; init; }

    public required string DataPath { get; init; }

    public required IPEndPoint Endpoint { get; init; }

    public int MaxConcurrentReads { get; init; } = 6;

    public int MaxConcurrentWrites { get; init; } = 6;

    public int MaxQueued { get; init; } = 128;

    public TimeSpan QueuePatience { get; init; } = TimeSpan.FromSeconds(30);

    public long MaxBodyBytes { get; init; } = 1L << 30;

    public long MaxBufferedResultBytes { get; init; } = 256L << 20;

    public ulong MaxQueryMemoryBytes { get; init; }

    public string[] ToArguments() =>
    [
        "--library", LibraryPath,
        "--path", DataPath,
        "--http", Endpoint.ToString(),
        "--max-concurrent-reads", Text(MaxConcurrentReads),
        "--max-concurrent-writes", Text(MaxConcurrentWrites),
        "--max-queued", Text(MaxQueued),
        "--queue-patience-ms", Text((long)QueuePatience.TotalMilliseconds),
        "--max-body-bytes", Text(MaxBodyBytes),
        "--max-buffered-result-bytes", Text(MaxBufferedResultBytes),
        "--max-query-memory-bytes", Text((long)MaxQueryMemoryBytes),
    ];

    public static ClickHouseServerOptions FromArguments(string[] arguments)
    {
        Dictionary<string, string> values = new(StringComparer.Ordinal);
        for (int i = 0; i + 1 < arguments.Length; i += 2)
        {
            values[arguments[i]] = arguments[i + 1];
        }

        long Number(string name) => long.Parse(values[name], CultureInfo.InvariantCulture);
        return new ClickHouseServerOptions
        {
            LibraryPath = values["--library"],
            DataPath = values["--path"],
            Endpoint = IPEndPoint.Parse(values["--http"]),
            MaxConcurrentReads = (int)Number("--max-concurrent-reads"),
            MaxConcurrentWrites = (int)Number("--max-concurrent-writes"),
            MaxQueued = (int)Number("--max-queued"),
            QueuePatience = TimeSpan.FromMilliseconds(Number("--queue-patience-ms")),
            MaxBodyBytes = Number("--max-body-bytes"),
            MaxBufferedResultBytes = Number("--max-buffered-result-bytes"),
            MaxQueryMemoryBytes = (ulong)Number("--max-query-memory-bytes"),
        };
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
