using System.Diagnostics;
using System.Net;
using Metering.Embedded.ClickHouse;
using Xunit;

namespace Metering.Embedded.Tests;

public class ConcurrencyTests(ClickHouseFixture clickHouse)
{
    private const string Slow = "SELECT sum(sipHash64(number, number)) FROM numbers(100000000000) SETTINGS max_threads = 1";

    [Fact]
    public async Task A_client_that_leaves_ends_its_query_and_a_long_query_holds_up_no_insert()
    {
        string database = await clickHouse.NewDatabaseAsync();
        await clickHouse.QueryAsync($"CREATE TABLE {database}.t (a UInt32) ENGINE = MergeTree ORDER BY a");
        using CancellationTokenSource leave = new();
        using StringContent content = new(Slow);
        Task<HttpResponseMessage> slow = clickHouse.Http.PostAsync(new Uri("/?query_id=slow-1", UriKind.Relative), content, leave.Token);
        await UntilAsync(async () => await CountAsync("slow-1") == "1");
        await clickHouse.QueryAsync($"INSERT INTO {database}.t FORMAT CSV\n1");
        Assert.Equal("1", await clickHouse.QueryAsync($"SELECT count() FROM {database}.t"));
        Assert.False(slow.IsCompleted);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slow);
        await UntilAsync(async () => await CountAsync("slow-1") == "0");
    }

    [Fact]
    public async Task Kill_query_takes_the_clients_id()
    {
        Task<HttpResponseMessage> slow = clickHouse.PostAsync(Slow, "query_id=slow-2");
        await UntilAsync(async () => await CountAsync("slow-2") == "1");
        await clickHouse.QueryAsync("KILL QUERY WHERE query_id = 'slow-2'");
        using HttpResponseMessage response = await slow;
        Assert.Equal("394", response.Headers.GetValues("X-ClickHouse-Exception-Code").Single());
    }

    [Fact]
    public async Task A_large_result_streams_in_bounded_memory()
    {
        long before = ResidentBytes();
        using HttpRequestMessage request = new(HttpMethod.Post, "/") { Content = new StringContent("SELECT number, number, number FROM numbers(20000000) FORMAT RowBinary") };
        using HttpResponseMessage response = await clickHouse.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using Stream body = await response.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[1 << 16];
        long total = 0;
        long peak = 0;
        for (int read; (read = await body.ReadAsync(buffer)) > 0; total += read)
        {
            peak = total % (1 << 22) < buffer.Length ? Math.Max(peak, ResidentBytes()) : peak;
        }

        Assert.Equal(20_000_000L * 24, total);
        Assert.InRange(peak - before, long.MinValue, 200L << 20);
    }

    [Fact]
    public async Task More_than_may_wait_is_refused()
    {
        using TempFolder folder = new();
        await using EmbeddedClickHouse server = await Engines.ClickHouseAsync(folder.Path, change: options => options with { MaxConcurrentReads = 1, MaxQueued = 0 });
        using HttpClient http = new() { BaseAddress = server.Endpoint };
        using CancellationTokenSource leave = new();
        Task<HttpResponseMessage> one = http.PostAsync(new Uri("/", UriKind.Relative), new StringContent(Slow), leave.Token);
        Task<HttpResponseMessage> two = http.PostAsync(new Uri("/", UriKind.Relative), new StringContent(Slow), leave.Token);
        using HttpResponseMessage refused = await await Task.WhenAny(one, two);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("202", refused.Headers.GetValues("X-ClickHouse-Exception-Code").Single());
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(one, two));
    }

    private Task<string> CountAsync(string id) => clickHouse.QueryAsync($"SELECT count() FROM system.processes WHERE Settings['log_comment'] = '{id}'");

    private long ResidentBytes()
    {
        using Process process = Process.GetProcessById(clickHouse.Server.ProcessId);
        return process.WorkingSet64;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        for (int i = 0; i < 200 && !await condition(); i++)
        {
            await Task.Delay(50);
        }

        Assert.True(await condition());
    }
}
