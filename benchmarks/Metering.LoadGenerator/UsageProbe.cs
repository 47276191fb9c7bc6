using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace Metering.LoadGenerator;

/// <summary>
/// Looks at usage from outside. Asking costs the server, so totals of the load are asked for when it has ended, and freshness is measured only
/// at a given rate: by single events of another tenant, one after the other beside the load, each waited for in its usage.
/// </summary>
internal sealed class UsageProbe
{
    private const string ProbeTenant = "probe";
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_slowPoll = TimeSpan.FromMilliseconds(100);

    private readonly HttpClient _api;
    private readonly SqlClient _sql;
    private readonly string _meter = string.Create(CultureInfo.InvariantCulture, $"load_{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}");
    private long _before;

    private UsageProbe(HttpClient api, SqlClient sql)
    {
        _api = api;
        _sql = sql;
    }

    /// <summary>Makes the meters and waits until they count.</summary>
    public static async Task<UsageProbe> CreateAsync(HttpClient api, SqlClient sql, CancellationToken cancellationToken)
    {
        UsageProbe probe = new(api, sql);
        await probe.PostAsync("/api/v1/meters", LoadOptions.Tenant, """{"slug":"tokens","aggregation":"SUM","eventType":"request","valueProperty":"$.tokens","groupBy":{"model":"$.model"}}""", cancellationToken);
        await probe.PostAsync("/api/v1/meters", ProbeTenant, $$"""{"slug":"{{probe._meter}}","aggregation":"COUNT","eventType":"{{probe._meter}}"}""", cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
        probe._before = await probe.LoadTotalAsync(cancellationToken);
        return probe;
    }

    public async Task<List<ProbedEvent>> MeasureAsync(CancellationToken stop)
    {
        List<ProbedEvent> probed = [];
        for (int sent = 1; !stop.IsCancellationRequested; sent++)
        {
            DateTimeOffset time = DateTimeOffset.UtcNow;
            await PostAsync("/v1/events", ProbeTenant, $$"""{"id":"{{sent}}","source":"{{_meter}}","type":"{{_meter}}","subject":"probe","time":"{{time.ToString("O", CultureInfo.InvariantCulture)}}"}""", CancellationToken.None);
            DateTimeOffset acknowledged = DateTimeOffset.UtcNow;
            long waiting = Stopwatch.GetTimestamp();
            while (await _sql.ScalarAsync($"SELECT toInt64(sum(value)) FROM usage_by_minute WHERE tenant = '{ProbeTenant}' AND meter = '{_meter}'", CancellationToken.None) < sent)
            {
                await Task.Delay(s_poll, CancellationToken.None);
            }

            probed.Add(new ProbedEvent(time, acknowledged, Stopwatch.GetElapsedTime(waiting)));
        }

        return probed;
    }

    /// <summary>Returns when the load's usage counts so many events more than before it.</summary>
    public async Task WaitAsync(long events, CancellationToken cancellationToken)
    {
        while (await LoadTotalAsync(cancellationToken) < _before + events)
        {
            await Task.Delay(s_slowPoll, cancellationToken);
        }
    }

    private Task<long> LoadTotalAsync(CancellationToken cancellationToken) =>
        _sql.ScalarAsync($"SELECT toInt64(sum(events)) FROM usage_by_minute WHERE tenant = '{LoadOptions.Tenant}' AND meter = 'tokens'", cancellationToken);

    private async Task PostAsync(string path, string tenant, string json, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) };
        request.Headers.Add("X-Metering-Tenant", tenant);
        using HttpResponseMessage response = await _api.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode && response.StatusCode != System.Net.HttpStatusCode.Conflict)
        {
            throw new IOException(await response.Content.ReadAsStringAsync(cancellationToken));
        }
    }
}

/// <param name="Time">The event's.</param>
/// <param name="Acknowledged">When its acknowledgement came.</param>
/// <param name="Queryable">How long after that it counted.</param>
internal readonly record struct ProbedEvent(DateTimeOffset Time, DateTimeOffset Acknowledged, TimeSpan Queryable);
