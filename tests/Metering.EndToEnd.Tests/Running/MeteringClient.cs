using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Metering.EndToEnd.Tests.Running;

/// <summary>What people do with the program: HTTP requests, and plain SQL in ClickHouse.</summary>
/// <param name="http">Where requests go.</param>
/// <param name="clickHouse">Where SQL goes.</param>
/// <param name="road">How requests get there; null for straight.</param>
internal sealed class MeteringClient(Uri http, Uri clickHouse, HttpMessageHandler? road = null) : IDisposable
{
    /// <summary>Enough to reach every partition, so their arrival means that everything before them has arrived.</summary>
    private const int MarkerEvents = 64;

    private readonly HttpClient _http = new(road ?? new SocketsHttpHandler()) { BaseAddress = http, Timeout = TimeSpan.FromMinutes(2) };
    private readonly HttpClient _sql = new() { BaseAddress = clickHouse, Timeout = TimeSpan.FromMinutes(2) };

    /// <summary>The time on the client's machine.</summary>
    public Func<DateTimeOffset> Now { get; init; } = () => DateTimeOffset.UtcNow;

    /// <summary>Whether that time is made up, so that events may come from the future.</summary>
    public bool HasFakeClock { get; init; }

    public void Dispose()
    {
        _http.Dispose();
        _sql.Dispose();
    }

    /// <param name="key">Under which it happens once, however often it is sent; null for none.</param>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, string? json = null, string contentType = "application/json", string tenant = "default", string? key = null, CancellationToken cancellationToken = default)
    {
        using HttpRequestMessage request = new(method, new Uri(path, UriKind.Relative));
        request.Headers.Add("X-Metering-Tenant", tenant);
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, contentType);
        }

        return await _http.SendAsync(request, cancellationToken);
    }

    /// <summary>Sends what must be accepted as a whole.</summary>
    public async Task IngestAsync(string json, string path = "/v1/events", string tenant = "default")
    {
        JsonElement answer = await RequireAsync(HttpMethod.Post, path, json, tenant);
        Assert.True(answer.GetProperty("rejected").GetArrayLength() == 0, answer.ToString());
    }

    public async Task<JsonElement> RequireAsync(HttpMethod method, string path, string? json = null, string tenant = "default")
    {
        using HttpResponseMessage response = await SendAsync(method, path, json, tenant: tenant);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {(int)response.StatusCode} {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }

    public async Task<string> TextAsync(string path, string tenant = "default")
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Get, path, tenant: tenant);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path}: {text}");
        return text;
    }

    /// <summary>The answer in TabSeparated.</summary>
    public async Task<string> SqlAsync(string sql)
    {
        using HttpResponseMessage response = await _sql.PostAsync(new Uri("/?database=metering", UriKind.Relative), new StringContent(sql));
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{sql}: {text}");
        return text.TrimEnd('\n');
    }

    public async Task<List<JsonElement>> SqlRowsAsync(string sql)
    {
        string text = await SqlAsync(sql + " FORMAT JSONEachRow SETTINGS output_format_json_quote_decimals = 1");
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }

    /// <summary>Returns when everything sent before can be queried and every meter is ready.</summary>
    public async Task SettleAsync()
    {
        await ShownAsync();
        await MetersReadyAsync();
    }

    /// <summary>Returns when usage is taken again.</summary>
    public Task AcceptsAsync() => Eventually.TrueAsync(
        async () =>
        {
            try
            {
                using HttpResponseMessage response = await SendAsync(HttpMethod.Post, "/v1/events", $$"""[{"id":"{{Guid.NewGuid():N}}","source":"test","type":"probe","subject":"marker"}]""");
                return response.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        },
        "usage is taken again");

    /// <summary>Returns when everything sent before can be queried.</summary>
    public async Task ShownAsync()
    {
        string type = $"marker-{Guid.NewGuid():N}";
        IEnumerable<string> markers = Enumerable.Range(0, MarkerEvents).Select(i => $$"""{"id":"{{type}}-{{i}}","source":"test","type":"{{type}}","subject":"marker"}""");
        await IngestAsync($"[{string.Join(',', markers)}]");
        await Eventually.TrueAsync(async () => await SqlAsync($"SELECT count() FROM usage_events WHERE type = '{type}'") == $"{MarkerEvents}", "markers can be queried", within: TimeSpan.FromMinutes(2));
    }

    /// <summary>Returns when no meter is being back-filled, as a report of the running audit says that was begun after now.</summary>
    public async Task MetersReadyAsync()
    {
        DateTimeOffset now = Now();
        await Eventually.TrueAsync(
            async () => await RequireAsync(HttpMethod.Get, "/v1/audit") is { ValueKind: JsonValueKind.Object } report
                && report.GetProperty("at").GetDateTimeOffset() > now && report.GetProperty("pendingMeters").GetInt32() == 0,
            "every meter is ready",
            within: TimeSpan.FromMinutes(3));
    }

    /// <summary>Makes a meter of events there are: its back-fill is sealed at once, and with it all that minutes already over have to fold.</summary>
    /// <returns>The newest seal.</returns>
    public async Task<long> SealNowAsync(string eventType)
    {
        long before = await NewestSealAsync();
        string slug = $"seal_after_{before}";
        await CreateMeterAsync(new TestMeter(slug, "COUNT", eventType));
        await Eventually.TrueAsync(async () => await NewestSealAsync() > before, "there is a new seal");
        await MetersReadyAsync();
        await RequireAsync(HttpMethod.Delete, $"/api/v1/meters/{slug}");
        return await NewestSealAsync();
    }

    /// <summary>A whole audit, which must find nothing.</summary>
    public async Task<JsonElement> AuditAsync()
    {
        JsonElement report = await RequireAsync(HttpMethod.Post, "/v1/audit");
        Assert.True(report.GetProperty("isExact").GetBoolean(), report.ToString());
        return report;
    }

    public async Task<long> NewestSealAsync()
    {
        JsonElement seals = (await RequireAsync(HttpMethod.Get, "/v1/seals?limit=1")).GetProperty("items");
        return seals.GetArrayLength() == 0 ? 0 : seals[0].GetProperty("sealNo").GetInt64();
    }

    public Task<JsonElement> CreateMeterAsync(TestMeter meter, string tenant = "default") => RequireAsync(HttpMethod.Post, "/api/v1/meters", meter.ToJson(), tenant);
}
