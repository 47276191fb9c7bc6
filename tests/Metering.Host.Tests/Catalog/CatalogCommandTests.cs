using System.Net;
using System.Text;
using Metering.Billing.Tests;
using Metering.Host.Tests.Support;
using Xunit;

namespace Metering.Host.Tests.Catalog;

public sealed class CatalogCommandTests(RunningServer server) : IAsyncLifetime
{
    private static readonly string s_example = string.Join('\n', Pages.BlockAfter("catalog.md", "# The catalogue as code"));

    private readonly string _tenant = RunningServer.NewTenant();
    private readonly TempFolder _folder = new();

    public async ValueTask InitializeAsync() =>
        await server.CreateMeterAsync(_tenant, """{"slug":"tokens","eventType":"llm","aggregation":"SUM","valueProperty":"$.tokens"}""");

    [Fact]
    public async Task The_example_of_the_specification_is_planned_applied_and_exported()
    {
        string file = _folder.Write("catalog.yaml", s_example);
        CommandRun plan = await RunAsync("plan", file);
        Assert.Equal((1, ""), (plan.ExitCode, plan.Error));
        Assert.Contains("+ price book standard", plan.Out, StringComparison.Ordinal);
        Assert.Contains("6 created, 0 changed, 0 archived, 0 unchanged. The catalogue is at version 0.", plan.Out, StringComparison.Ordinal);

        CommandRun applied = await RunAsync("apply", file, "--yes");
        Assert.Equal((0, ""), (applied.ExitCode, applied.Error));
        Assert.EndsWith("Applied. The catalogue is at version 1.", applied.Out.Trim(), StringComparison.Ordinal);
        Assert.Equal((0, "0 created, 0 changed, 0 archived, 6 unchanged. The catalogue is at version 1."), Short(await RunAsync("plan", file)));
        Assert.Equal((0, "0 created, 0 changed, 0 archived, 6 unchanged. The catalogue is at version 1."), Short(await RunAsync("apply", file, "--yes")));

        string exported = _folder.Path("exported.yaml");
        Assert.Equal((0, ""), Short(await RunAsync("export", exported)));
        Assert.Equal((0, "0 created, 0 changed, 0 archived, 6 unchanged. The catalogue is at version 1."), Short(await RunAsync("plan", exported)));
        Assert.Equal(File.ReadAllText(exported), (await RunAsync("export")).Out);
        Assert.Equal(2, (await RunAsync("export", exported)).ExitCode);
    }

    /// <summary>By hand: a million tokens are 1000 units: 1000 · 0.010 = 10.00 and 1000 · 0.008 = 8.00. One token more begins another unit, at 0.005: 10.005 and 8.005.</summary>
    [Fact]
    public async Task A_plan_shows_what_changes_and_the_sample_bills_old_and_new()
    {
        await RunAsync("apply", _folder.Write("catalog.yaml", s_example), "--yes");
        string changed = s_example.Replace("0.010", "0.008", StringComparison.Ordinal).Replace("  - {key: launch, name: Launch offer, percent: 10, periods: 3}\n", "", StringComparison.Ordinal)
            .Replace("discounts:", "discounts: []", StringComparison.Ordinal).Replace("name: Chat API", "name: Chat, description: For people", StringComparison.Ordinal);
        CommandRun plan = await RunAsync("plan", _folder.Write("changed.yaml", changed));

        Assert.Equal((1, ""), (plan.ExitCode, plan.Error));
        string[] lines = [.. plan.Out.Split('\n').Select(line => line.Trim())];
        Assert.Equal(
            [
                "~ product chat", "~ name: Chat API → Chat", "+ description: For people", "- discount launch", "~ price book standard",
                "~ plans[pro].phases[main].components[tokens].price.tiers[0].unit: 0.01 → 0.008",
            ],
            lines.Where(line => line.Length > 0 && "+~-".Contains(line[0], StringComparison.Ordinal)));
        Assert.Contains("standard / pro / main / tokens, a whole period:", lines);
        Assert.Contains(lines, line => Words(line) is ["quantity", "old", "USD", "new", "USD"]);
        Assert.Contains(lines, line => Words(line) is ["1000000", "10.00", "8.00"]);
        Assert.Contains(lines, line => Words(line) is ["1000001", "10.01", "8.01"]);
        Assert.Contains("0 created, 2 changed, 1 archived, 3 unchanged. The catalogue is at version 1.", lines);
    }

    [Fact]
    public async Task What_the_server_refuses_is_shown_at_its_line_and_column()
    {
        string[] lines = s_example.Replace("currency: USD", "currency: XXX", StringComparison.Ordinal).Replace("meter: tokens\n                price", "meter: nothing\n                price", StringComparison.Ordinal).Split('\n');
        string file = _folder.Write("catalog.yaml", string.Join('\n', lines));
        foreach (string command in new[] { "plan", "apply" })
        {
            CommandRun refused = await RunAsync(command, file);
            Assert.Equal((2, ""), (refused.ExitCode, refused.Out));
            Assert.Contains($"{file}:{Place(lines, "currency: XXX")}: price_books[0].currency: 'XXX' is not a currency of ISO 4217", refused.Error, StringComparison.Ordinal);
            Assert.Contains($"{file}:{Place(lines, "meter: nothing")}: price_books[0].plans[0].phases[1].components[1].meter: there is no meter 'nothing'", refused.Error, StringComparison.Ordinal);
        }

        Assert.Equal(2, (await RunAsync("plan", _folder.Path("missing.yaml"))).ExitCode);
        Assert.Equal(2, (await CommandRun.RunAsync("catalog", "plan", file, "--server", server.Url, "--api-key", "none")).ExitCode);
    }

    [Fact]
    public async Task Apply_asks_and_a_no_changes_nothing()
    {
        string file = _folder.Write("catalog.yaml", s_example);
        CommandRun declined = await AnsweringAsync(() => "n", "apply", file);
        Assert.Equal(1, declined.ExitCode);
        Assert.EndsWith("Nothing was done.", declined.Out.Trim(), StringComparison.Ordinal);
        Assert.Equal(1, (await RunAsync("plan", file)).ExitCode);
        Assert.Equal(0, (await AnsweringAsync(() => "y", "apply", file)).ExitCode);
        Assert.Equal(0, (await RunAsync("plan", file)).ExitCode);
    }

    [Fact]
    public async Task What_changed_while_somebody_looked_at_the_plan_is_not_overwritten()
    {
        string file = _folder.Write("catalog.yaml", s_example);
        CommandRun refused = await AnsweringAsync(() => { PutProduct(); return "y"; }, "apply", file);
        Assert.Equal((1, "metering: The catalogue is at version 1, not at 0 any more. Plan again. (409)"), (refused.ExitCode, refused.Error.Trim()));
        Assert.Contains("product other", (await RunAsync("plan", file)).Out, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private void PutProduct()
    {
        using HttpRequestMessage request = new(HttpMethod.Put, "/v1/products/other") { Content = new StringContent("""{"name":"Other"}""", Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Metering-Tenant", _tenant);
        using HttpResponseMessage response = server.Http.Send(request);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }

    private async Task<CommandRun> AnsweringAsync(Func<string> answer, params string[] args)
    {
        TextReader input = Console.In;
        Console.SetIn(new Person(answer));
        try
        {
            return await RunAsync(args);
        }
        finally
        {
            Console.SetIn(input);
        }
    }

    private Task<CommandRun> RunAsync(params string[] args) => server.RunAsync(_tenant, ["catalog", .. args]);

    private static (int, string) Short(CommandRun run) => (run.ExitCode, run.Out.Trim());

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string Place(string[] lines, string text)
    {
        int line = Array.FindIndex(lines, one => one.Contains(text, StringComparison.Ordinal));
        return $"{line + 1}:{lines[line].IndexOf(text, StringComparison.Ordinal) + 1}";
    }

    private sealed class Person(Func<string> answer) : TextReader
    {
        public override string ReadLine() => answer();
    }
}
