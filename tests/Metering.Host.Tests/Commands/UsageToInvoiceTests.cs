using System.Globalization;
using System.Text.Json;
using Metering.Host.Tests.Support;
using Xunit;

namespace Metering.Host.Tests.Commands;

/// <summary>Usage that nobody pays for, until somebody does: from an event to a line and back.</summary>
public sealed class UsageToInvoiceTests(RunningServer server) : IAsyncLifetime
{
    private const string Book = """
        products: [{key: api, name: API}]
        discounts: [{key: launch, percent: "50", periods: 3, components: [calls]}]
        price_books:
          - key: standard
            currency: USD
            effective_from: 2020-01-01T00:00:00Z
            plans:
              - {key: basic, product: api, phases: [{key: main, components: [{key: calls, meter: calls, price: {model: per_unit, unit: "2"}}]}]}
        """;

    private readonly string _tenant = RunningServer.NewTenant();
    private readonly TempFolder _folder = new();

    public async ValueTask InitializeAsync()
    {
        await RunAsync("meters", "create", "calls", "--event-type", "call", "--aggregation", "SUM", "--value", "$.n", "--group-by", "model=$.model");
        Assert.Equal(0, (await RunAsync("catalog", "apply", _folder.Write("catalog.yaml", Book), "--yes")).ExitCode);
    }

    [Fact]
    public async Task Usage_is_listed_as_unbilled_until_it_is_on_an_invoice_whose_line_leads_back_to_it()
    {
        DateTimeOffset start = new(DateTimeOffset.UtcNow.AddDays(-40).Date, TimeSpan.Zero);
        string[] range = ["--from", Text(start), "--to", Text(start.AddDays(28))];
        await RunAsync("send", "--type", "call", "--subject", "device", "--id", "e-1", "--source", "shell", "--time", Text(start.AddDays(1)), "--data", """{"n":12,"model":"small"}""");
        CommandRun listed = await RunningServer.UntilAsync(() => RunAsync(["unbilled", .. range, "--json"]), run => run.Out.Length > 0);
        JsonElement row = JsonDocument.Parse(listed.Out).RootElement;
        Assert.Equal(("device", "no_customer", "12"), (row.GetProperty("subject").GetString(), row.GetProperty("reason").GetString(), row.GetProperty("quantity").GetString()));
        Assert.Contains("model=small", (await RunAsync(["unbilled", .. range, "--meter", "calls", "--cells"])).Out, StringComparison.Ordinal);
        CommandRun wrong = await RunAsync(["unbilled", .. range, "--reason", "lazy"]);
        Assert.Equal((1, true), (wrong.ExitCode, wrong.Error.Contains("reason must be one of no_customer", StringComparison.Ordinal)));

        await RunAsync("customers", "put", "acme");
        await RunAsync("customers", "map", "acme", "device");
        CommandRun made = await RunAsync("subscriptions", "create", "acme", "standard", "basic", "--start", Text(start));
        string id = JsonDocument.Parse(made.Out).RootElement.GetProperty("id").GetString()!;
        CommandRun given = await RunAsync("subscriptions", "discount", id, "launch", "--from", Text(start));
        Assert.Contains("launch", given.Out, StringComparison.Ordinal);
        Assert.Equal(given.Out, (await RunAsync("subscriptions", "discounts", id)).Out);
        Assert.Equal((0, ""), (await RunAsync(["unbilled", .. range, "--json"])) is var none ? (none.ExitCode, none.Out) : default);

        JsonElement invoice = JsonDocument.Parse((await RunningServer.UntilAsync(
            async () =>
            {
                await RunAsync("bill", "run");
                return await RunAsync("invoices", "list", "--customer", "acme", "--json");
            },
            run => run.Out.Contains("\"INV-", StringComparison.Ordinal))).Out).RootElement[0];
        string line = $"{invoice.GetProperty("id").GetString()}/1";
        CommandRun events = await RunAsync("explain", line, "--events");
        Assert.Contains("e-1", events.Out, StringComparison.Ordinal);
        Assert.EndsWith("come to 12; the line has 12: they agree.", events.Error.Trim(), StringComparison.Ordinal);
        Assert.Equal("model", JsonDocument.Parse((await RunAsync("explain", line, "--events", "--json")).Out).RootElement.GetProperty("dimensions").EnumerateObject().Single().Name);
        string page = _folder.Path("invoice.html");
        await RunAsync("invoices", "html", invoice.GetProperty("id").GetString()!, page);
        Assert.DoesNotContain("<a ", await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refund_is_sent_fails_and_is_listed()
    {
        await RunAsync("customers", "put", "acme");
        JsonElement bought = await PostAsync("v1/grants", """{"customer":"acme","kind":"paid","amount":"30","currency":"USD","reference":"pack"}""");
        (string grant, string sale) = (bought.GetProperty("id").GetString()!, bought.GetProperty("invoice").GetString()!);
        await RunAsync("invoices", "pay", sale, "--amount", "30", "--reference", "wire");
        await PostAsync($"v1/grants/{grant}/refunds", """{"amount":"12"}""");
        string[] send = ["refunds", "send", "--grant", grant, "--amount", "12", "--currency", "USD", "--reference", "r1"];
        CommandRun sent = await RunAsync(send);
        Assert.EndsWith(": 12.00 USD to acme, sent.", sent.Out.Trim(), StringComparison.Ordinal);
        string id = sent.Out.Split(':')[0];
        Assert.Equal($"{id}: 12.00 USD to acme, failed.", (await RunAsync("refunds", "fail", id, "--reason", "account closed")).Out.Trim());
        Assert.Contains(id, (await RunAsync("refunds", "list", "--state", "failed")).Out, StringComparison.Ordinal);
        Assert.Equal("failed", JsonDocument.Parse((await RunAsync("refunds", "list", "--json")).Out).RootElement.GetProperty("state").GetString());
        CommandRun more = await RunAsync([.. send[..4], "--amount", "13", "--currency", "USD", "--reference", "r2"]);
        Assert.Equal((1, true), (more.ExitCode, more.Error.Contains("Less than that", StringComparison.Ordinal)));
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task<CommandRun> RunAsync(params string[] args) => server.RunAsync(_tenant, args);

    private async Task<JsonElement> PostAsync(string path, string body)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Metering-Tenant", _tenant);
        using HttpResponseMessage response = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private static string Text(DateTimeOffset at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
