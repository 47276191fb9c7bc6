using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Metering.Host.Tests.Support;
using Xunit;

namespace Metering.Host.Tests.Pricing;

/// <summary>Usage that was sent, counted and sealed by a running server, priced on the command line.</summary>
public sealed partial class SimulateCommandTests(RunningServer server)
{
    private static readonly string[] s_simulate = ["simulate", "--price-book", "book", "--plan", "pro", "--from", "2024-01-10T00:00:00Z", "--to", "2024-01-20T00:00:00Z", "--version"];

    private readonly string _tenant = RunningServer.NewTenant();

    [Fact]
    public async Task The_largest_differences_come_first_and_every_step_when_asked()
    {
        await PrepareAsync();

        CommandRun run = await SealedAsync();
        string[] rows = Rows(run);
        Assert.Matches(@"^version 1 \(published\) → version 2 \(draft\), usage as of seal \d+$", rows[0]);
        Assert.Equal("globex 20.00 30.00 +10.00 +50.0", rows[3]);
        Assert.Equal("initech 20.00 12.00 -8.00 -40.0", rows[4]);
        Assert.Equal("acme 2.00 3.00 +1.00 +50.0", rows[5]);
        Assert.Equal("all 42.00 45.00 +3.00 +7.1", rows[6]);
        Assert.Equal("calls 42.00 45.00 +3.00 +7.1", rows[9]);

        string[] top = Rows(await RunAsync("2", "--top", "1", "--explain"));
        Assert.Equal("all 3 42.00 45.00 +3.00 +7.1", top[4]);
        Assert.Contains("globex, version 1, calls: 20.00 USD", top);
        Assert.Contains("globex, version 2, calls: 30.00 USD", top);
        Assert.Contains("tier model=old 0 ∞ 10 3 each 0 30", top);
        Assert.DoesNotContain(top, row => row.StartsWith("acme", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Customers_and_JSON_are_as_the_server_has_them()
    {
        await PrepareAsync();
        await SealedAsync();

        CommandRun one = await RunAsync("2", "--customer", "acme", "nobody", "--json");
        JsonElement[] items = [.. JsonDocument.Parse(one.Out).RootElement.GetProperty("items").EnumerateArray()];
        Assert.Equal(["acme", "nobody"], items.Select(item => item.GetProperty("customer").GetString()));
    }

    [Theory]
    [InlineData(1, "has no version 9", "9")]
    [InlineData(1, "must be another version", "2", "--against", "2")]
    [InlineData(2, "--seats many: expected COMPONENT=N", "2", "--seats", "many")]
    [InlineData(2, "--top 0: expected 1 to", "2", "--top", "0")]
    public async Task What_cannot_be_simulated_is_one_sentence(int code, string reason, params string[] more)
    {
        await PrepareAsync();
        CommandRun run = await RunAsync(more);

        Assert.Equal((code, ""), (run.ExitCode, run.Out));
        Assert.Contains(reason, run.Error, StringComparison.Ordinal);
    }

    private async Task PrepareAsync()
    {
        await server.CreateMeterAsync(_tenant, """{"slug":"calls","aggregation":"SUM","eventType":"call","valueProperty":"$.n","groupBy":{"model":"$.model"}}""");
        await SendAsync("PUT", "/v1/products/api", """{"name":"API"}""");
        await SendAsync("PUT", "/v1/price-books/book/draft", Book("""{"model":"per_unit","unit":"2"}"""));
        await SendAsync("POST", "/v1/price-books/book/versions/1/publish", null);
        await SendAsync("PUT", "/v1/price-books/book/draft", Book("""{"model":"matrix","dimensions":["model"],"cells":[{"key":{"model":"new"},"component":{"model":"per_unit","unit":"1.2"}}],"default":{"model":"per_unit","unit":"3"}}"""));
        await server.RunAsync(_tenant, "send", Event("acme", "old", 1), Event("globex", "old", 10), Event("initech", "new", 10));
    }

    /// <summary>Sealing comes a little after counting.</summary>
    private Task<CommandRun> SealedAsync() => RunningServer.UntilAsync(() => RunAsync("2"), run => run.Out.Contains("42.00", StringComparison.Ordinal));

    private Task<CommandRun> RunAsync(params string[] more) => server.RunAsync(_tenant, [.. s_simulate, .. more]);

    private async Task SendAsync(string method, string path, string? body)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Metering-Tenant", _tenant);
        using HttpResponseMessage response = await server.Http.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    private static string Event(string customer, string model, int value) =>
        $$$"""{"id":"{{{customer}}}","source":"s","type":"call","subject":"{{{customer}}}","time":"2024-01-11T00:00:00Z","data":{"n":{{{value}}},"model":"{{{model}}}"}}""";

    private static string Book(string price) =>
        """{"currency":"USD","effective_from":"2024-01-01T00:00:00Z","plans":[{"key":"pro","product":"api","phases":[{"key":"main","components":[{"key":"calls","meter":"calls","price":PRICE}]}]}]}"""
            .Replace("PRICE", price, StringComparison.Ordinal);

    /// <summary>The lines of the output, each run of blanks as one.</summary>
    private static string[] Rows(CommandRun run) => [.. run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Blanks().Replace(line, " ").Trim()).Where(line => line.Length > 0)];

    [GeneratedRegex(" +")]
    private static partial Regex Blanks();
}
