using System.Text.Json;
using Metering.Host.Tests.Support;
using Xunit;

namespace Metering.Host.Tests.Commands;

/// <summary>A grant that is bought has an invoice: enough to see every command work on one.</summary>
public sealed class InvoicesCommandTests(RunningServer server)
{
    private readonly string _tenant = RunningServer.NewTenant();

    [Fact]
    public async Task An_invoice_is_listed_shown_explained_printed_paid_and_verified()
    {
        using TempFolder folder = new();
        string id = await BuyAsync("pack");
        Assert.Contains(id, (await RunAsync("invoices", "list", "--customer", "acme", "--state", "open")).Out, StringComparison.Ordinal);
        Assert.Equal(id, Json(await RunAsync("invoices", "list", "--json"))[0].GetProperty("id").GetString());
        CommandRun shown = await RunAsync("invoices", "show", id);
        Assert.Contains("INV-000001", shown.Out, StringComparison.Ordinal);
        Assert.Contains("50.00", shown.Out, StringComparison.Ordinal);
        Assert.Equal("50.00", Json(await RunAsync("invoices", "show", id, "--json")).GetProperty("remaining").GetString());
        Assert.Contains("50.00 USD", (await RunAsync("explain", $"{id}/1")).Out, StringComparison.Ordinal);
        Assert.Equal($"{id}/1", Json(await RunAsync("explain", $"{id}/1", "--json")).GetProperty("line").GetProperty("id").GetString());

        string file = folder.Path("invoice.html");
        Assert.Equal(0, (await RunAsync("invoices", "html", id, file)).ExitCode);
        Assert.StartsWith("<!doctype html>", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("invoices", "html", id, file)).ExitCode);

        CommandRun paid = await RunAsync("invoices", "pay", id, "--amount", "51", "--reference", "wire");
        Assert.EndsWith("50.00 paid, 1.00 to the customer's credit.", paid.Out.Trim(), StringComparison.Ordinal);
        Assert.Equal((0, "1 the same, to the byte."), await RunAsync("invoices", "verify", id) is var one ? (one.ExitCode, one.Out.Trim()) : default);
        Assert.Equal((0, "1 the same, to the byte."), await RunAsync("invoices", "verify", "--all") is var all ? (all.ExitCode, all.Out.Trim()) : default);
        CommandRun derived = await RunAsync("invoices", "verify", "--all", "--from-history");
        Assert.Equal(["1 do not say what history they were derived from.", "1 the same, to the byte."], derived.Out.Trim().ReplaceLineEndings("\n").Split('\n'));
    }

    [Fact]
    public async Task An_invoice_is_written_off_or_voided_and_a_refusal_is_one_sentence()
    {
        string first = await BuyAsync("first");
        Assert.Equal($"INV-000001 ({first}) is uncollectible.", (await RunAsync("invoices", "write-off", first, "--reason", "insolvent")).Out.Trim());
        string second = await BuyAsync("second");
        Assert.Equal($"INV-000002 ({second}) is void.", (await RunAsync("invoices", "void", second, "--reason", "mistake", "--waive")).Out.Trim());
        string third = await BuyAsync("third");
        CommandRun credit = await RunAsync("invoices", "credit", third, "--reason", "mistake", "--line", "1=10");
        Assert.Equal((1, true), (credit.ExitCode, credit.Error.Contains("sells credit", StringComparison.Ordinal)));
        Assert.Equal(2, (await RunAsync("invoices", "credit", third, "--reason", "mistake", "--line", "x")).ExitCode);
        Assert.Equal(2, (await RunAsync("invoices", "verify")).ExitCode);
        Assert.Equal(2, (await RunAsync("explain", third)).ExitCode);
        Assert.Equal(1, (await RunAsync("invoices", "show", "inv_none")).ExitCode);
        Assert.Equal(1, (await RunAsync("explain", $"{third}/2")).ExitCode);
    }

    private async Task<string> BuyAsync(string reference)
    {
        await SendAsync(HttpMethod.Put, "v1/customers/acme", """{"name":"Acme"}""");
        string body = $$"""{"customer":"acme","kind":"paid","amount":"50","currency":"USD","reference":"{{reference}}"}""";
        return JsonDocument.Parse(await SendAsync(HttpMethod.Post, "v1/grants", body)).RootElement.GetProperty("invoice").GetString()!;
    }

    private async Task<string> SendAsync(HttpMethod method, string path, string body)
    {
        using HttpRequestMessage request = new(method, path) { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Metering-Tenant", _tenant);
        using HttpResponseMessage response = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
    }

    private Task<CommandRun> RunAsync(params string[] args) => server.RunAsync(_tenant, args);

    private static JsonElement Json(CommandRun run) => JsonDocument.Parse(run.Out).RootElement;
}
