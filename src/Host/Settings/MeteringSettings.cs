using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Metering.Host.Settings;

/// <summary>Where everything is. From the command line, the environment (<c>METERING_</c>) and a JSON file; <c>docs/configuration.md</c> has the table.</summary>
public sealed class MeteringSettings
{
    /// <summary>The one data folder: log, embedded engines, dedup cache.</summary>
    public string Data { get; set; } = DefaultData();

    /// <summary>Where HTTP is served. Port 0 picks a free one.</summary>
    public string Http { get; set; } = "127.0.0.1:8888";

    /// <summary>Where gRPC is served (HTTP/2 without TLS).</summary>
    public string Grpc { get; set; } = "127.0.0.1:8889";

    /// <summary>An address starts the embedded engine there; a URL or a connection string uses that server instead.</summary>
    public string ClickHouse { get; set; } = "127.0.0.1:8123";

    /// <inheritdoc cref="ClickHouse"/>
    public string Postgres { get; set; } = "127.0.0.1:5433";

    /// <summary>Whether requests need an API key.</summary>
    public bool RequireApiKey { get; set; } = true;

    /// <summary>An OTLP endpoint for metrics and traces, such as <c>http://127.0.0.1:4317</c>; null sends none.</summary>
    public string? Otlp { get; set; }

    /// <summary>Partitions of the usage topic when it is first made; later it grows only by <c>metering grow</c>. Absent: 4 on the embedded log, 32 on Kafka.</summary>
    [Range(1, 1024)]
    public int? Partitions { get; set; }

    /// <summary>Records of the log are kept this long.</summary>
    public TimeSpan LogRetention { get; set; } = TimeSpan.FromDays(7);

    public static bool IsAddress(string value) => IPEndPoint.TryParse(value, out _) && !value.Contains('=', StringComparison.Ordinal);

    /// <exception cref="SettingsException">Not an address.</exception>
    public static IPEndPoint Address(string name, string value) =>
        IPEndPoint.TryParse(value, out IPEndPoint? endpoint) && value.Contains(':', StringComparison.Ordinal)
            ? endpoint
            : throw new SettingsException($"--{name} {value}: expected an address such as 127.0.0.1:8888 (port 0 picks a free one).");

    private static string DefaultData()
    {
        string? home = Environment.GetEnvironmentVariable("XDG_DATA_HOME");
        string root = string.IsNullOrEmpty(home) ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData) : home;
        return Path.Combine(root, "metering");
    }
}

/// <summary>A setting is unusable; the message names it and says what would do.</summary>
public sealed class SettingsException(string message) : Exception(message);
