using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Metering.Host.Commands;
using Metering.Host.Composition;
using Metering.Host.Settings;
using Metering.Host.Tests.Support;
using Microsoft.Extensions.Configuration;
using Xunit;

[assembly: AssemblyFixture(typeof(RunningServer))]

namespace Metering.Host.Tests.Support;

/// <summary>What <c>metering up</c> runs, on free ports and a folder of its own. Tests share it and keep apart by tenant.</summary>
public sealed class RunningServer : IAsyncLifetime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private MeteringServer? _server;
    private HttpClient? _http;

    public string Data { get; } = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"metering-host-tests-{Environment.ProcessId}"));

    public string Url => _server!.HttpAddress;

    public HttpClient Http => _http!;

    public static string NewTenant() => "t" + RandomNumberGenerator.GetHexString(12, lowercase: true);

    public async ValueTask InitializeAsync()
    {
        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection(UpCommand.Defaults).AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Data"] = Data,
            ["Http"] = "127.0.0.1:0",
            ["Grpc"] = "127.0.0.1:0",
            ["ClickHouse"] = "127.0.0.1:0",
            ["Postgres"] = "127.0.0.1:0",
            ["LogLevel"] = "Warning",
            ["Aggregator:FlushInterval"] = "00:00:00.050",
            ["Aggregator:SealInterval"] = "00:00:01",
            ["Aggregator:MeterPollInterval"] = "00:00:00.100",
        }).Build();
        _server = await MeteringServer.StartAsync(Running.Settings(configuration), Roles.All, configuration, CancellationToken.None);
        _http = new HttpClient { BaseAddress = new Uri(Url) };
    }

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (Directory.Exists(Data))
        {
            Directory.Delete(Data, recursive: true);
        }
    }

    internal Task<CommandRun> RunAsync(string tenant, params string[] args) => CommandRun.RunAsync([.. args, "--server", Url, "--tenant", tenant]);

    public async Task CreateMeterAsync(string tenant, string body)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/v1/meters") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Metering-Tenant", tenant);
        using HttpResponseMessage response = await Http.SendAsync(request);
        response.EnsureSuccessStatusCode();
    }

    public async Task<JsonElement> GetAsync(string tenant, string path)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        request.Headers.Add("X-Metering-Tenant", tenant);
        using HttpResponseMessage response = await Http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
    }

    /// <summary>Usage by whatever the query groups by, as window start and value.</summary>
    public async Task<IReadOnlyDictionary<string, decimal>> UsageAsync(string tenant, string meter, string query = "") =>
        (await GetAsync(tenant, $"/api/v1/meters/{meter}/query?{query}")).GetProperty("data").EnumerateArray()
            .ToDictionary(row => row.GetProperty("windowStart").GetString()!, row => row.GetProperty("value").GetDecimal());

    /// <summary>Waits until the answer is as wanted: what is acknowledged becomes visible a little later.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> isRight)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            T answer = await ask();
            if (isRight(answer) || TimeProvider.System.GetElapsedTime(started) > s_patience)
            {
                return answer;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }
}
