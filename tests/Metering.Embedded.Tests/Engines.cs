using System.Net;
using Metering.Embedded.ClickHouse;
using Metering.Embedded.Postgres;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

[assembly: AssemblyFixture(typeof(Metering.Embedded.Tests.ClickHouseFixture))]

namespace Metering.Embedded.Tests;

/// <summary>The one place that knows how tests start the engines.</summary>
internal static class Engines
{
    public static Task<EmbeddedClickHouse> ClickHouseAsync(string path, int port = 0, Func<EmbeddedClickHouseOptions, EmbeddedClickHouseOptions>? change = null, ILoggerFactory? loggers = null)
    {
        EmbeddedClickHouseOptions options = new()
        {
            DataPath = path,
            Command = EngineCommand.ThisProgram("engine", "clickhouse"),
            Listen = new IPEndPoint(IPAddress.Loopback, port),
        };
        return EmbeddedClickHouse.StartAsync(change?.Invoke(options) ?? options, loggers ?? NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
    }

    public static Task<EmbeddedPostgres> PostgresAsync(string path, int port = 0) =>
        EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataPath = path, Listen = new IPEndPoint(IPAddress.Loopback, port) },
            NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
}

/// <summary>A folder under the temporary folder that goes away with the test.</summary>
internal sealed class TempFolder : IDisposable
{
    public TempFolder()
    {
        Path = Directory.CreateTempSubdirectory("metering-embedded-").FullName;
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
    }

    public string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>One ClickHouse for all tests that do not kill it; each test makes its own database.</summary>
public sealed class ClickHouseFixture : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private int _databases;

    public EmbeddedClickHouse Server { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await Engines.ClickHouseAsync(_folder.Path);
        Http = new HttpClient { BaseAddress = Server.Endpoint, Timeout = TimeSpan.FromMinutes(2) };
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Server.DisposeAsync();
        _folder.Dispose();
    }

    public async Task<string> NewDatabaseAsync()
    {
        string name = $"test_{Interlocked.Increment(ref _databases)}";
        await QueryAsync($"CREATE DATABASE {name}");
        return name;
    }

    public async Task<string> QueryAsync(string sql, string parameters = "")
    {
        using HttpResponseMessage response = await PostAsync(sql, parameters);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{sql}: {text}");
        return text.TrimEnd('\n');
    }

    public Task<HttpResponseMessage> PostAsync(string sql, string parameters = "") =>
        PostAsync(new StringContent(sql), parameters);

    public Task<HttpResponseMessage> PostAsync(HttpContent body, string parameters = "") =>
        Http.PostAsync(new Uri("/?" + parameters, UriKind.Relative), body);
}
