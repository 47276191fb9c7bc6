using System.Text.Json;
using System.Text.RegularExpressions;
using Metering.Host.Tests.Support;
using Xunit;

namespace Metering.Host.Tests.Subscriptions;

public sealed partial class SubscriptionCommandTests(RunningServer server) : IAsyncLifetime
{
    private const string Book = """
        products: [{key: api, name: API}]
        price_books:
          - key: standard
            currency: EUR
            effective_from: 2026-01-01T00:00:00Z
            plans:
              - {key: basic, product: api, phases: [{key: main, components: [{key: seats, price: {model: licensed, unit: "5"}}]}]}
              - {key: pro, product: api, phases: [{key: main, components: [{key: seats, price: {model: licensed, unit: "9"}}]}]}
        """;

    private readonly string _tenant = RunningServer.NewTenant();
    private readonly TempFolder _folder = new();

    public async ValueTask InitializeAsync() => await RunAsync("catalog", "apply", _folder.Write("catalog.yaml", Book), "--yes");

    [Fact]
    public async Task A_customer_is_put_mapped_shown_listed_and_archived()
    {
        Assert.Equal(0, (await RunAsync("customers", "put", "acme", "--zone", "Europe/Berlin", "--payment-term-days", "14")).ExitCode);
        CommandRun mapped = await RunAsync("customers", "map", "acme", "user-1", "--until", "2026-05-01T00:00:00Z");
        Assert.Equal("user-1 is acme's from 2000-01-01T00:00:00Z until 2026-05-01T00:00:00Z.", mapped.Out.Trim());
        Assert.Equal("user-1 is not acme's any more.", (await RunAsync("customers", "unmap", "acme", "user-1", "--at", "2026-04-01T00:00:00Z")).Out.Trim());
        CommandRun shown = await RunAsync("customers", "show", "acme");
        Assert.Contains("\"zone\": \"Europe/Berlin\"", shown.Out, StringComparison.Ordinal);
        Assert.Equal(["user-1", "2000-01-01T00:00:00Z", "2026-04-01T00:00:00Z", "2"], Words(shown.Out.Split('\n').Single(line => line.Contains("user-1", StringComparison.Ordinal))));
        Assert.Contains("acme", (await RunAsync("customers", "list")).Out, StringComparison.Ordinal);
        Assert.Equal("acme", JsonDocument.Parse((await RunAsync("customers", "list", "--json")).Out.Trim()).RootElement.GetProperty("key").GetString());
        Assert.Equal("acme is archived.", (await RunAsync("customers", "archive", "acme")).Out.Trim());
        CommandRun wrong = await RunAsync("customers", "put", "acme", "--zone", "Mars");
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("'Mars' is not a zone", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_subscription_is_made_changed_paused_resumed_canceled_and_shown_with_its_history()
    {
        await RunAsync("customers", "put", "acme");
        CommandRun made = await RunAsync("subscriptions", "create", "acme", "standard", "basic", "--quantity", "seats=5", "--reference", "crm-1", "--start", "2026-02-01T00:00:00Z");
        string id = JsonDocument.Parse(made.Out).RootElement.GetProperty("id").GetString()!;
        Assert.Equal($"{id} is active; this holds from 2026-02-01T00:00:00Z.", made.Error.Trim());
        Assert.Equal(0, (await RunAsync("subscriptions", "change", id, "--plan", "pro", "--at", "period_end")).ExitCode);
        Assert.Equal(0, (await RunAsync("subscriptions", "undo", id)).ExitCode);
        Assert.Equal(0, (await RunAsync("subscriptions", "pause", id, "--keep")).ExitCode);
        Assert.Equal(0, (await RunAsync("subscriptions", "resume", id)).ExitCode);
        CommandRun refused = await RunAsync("subscriptions", "resume", id);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("It is not paused: active", refused.Error, StringComparison.Ordinal);
        Assert.Equal(["acme", "active", "basic", "1", "main"], Words((await RunAsync("subscriptions", "list", "--reference", "crm-1")).Out.Split('\n').Single(line => line.Contains(id, StringComparison.Ordinal)))[1..6]);
        Assert.Equal(0, (await RunAsync("subscriptions", "cancel", id)).ExitCode);
        CommandRun shown = await RunAsync("subscriptions", "show", id);
        Assert.Contains("moved canceled", shown.Out, StringComparison.Ordinal);
        Assert.Contains("change pending", shown.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_migration_lists_who_and_then_does_it()
    {
        await RunAsync("customers", "put", "acme");
        await RunAsync("subscriptions", "create", "acme", "standard", "basic");
        await RunAsync("catalog", "apply", _folder.Write("dearer.yaml", Book.Replace("\"5\"", "\"6\"", StringComparison.Ordinal)), "--yes");
        CommandRun dry = await RunAsync("subscriptions", "migrate", "standard", "--to", "2", "--dry-run");
        Assert.Equal((0, "1 would be migrated, 0 refused."), (dry.ExitCode, dry.Error.Trim()));
        CommandRun done = await RunAsync("subscriptions", "migrate", "standard", "--to", "2", "--from", "1");
        Assert.Equal((0, "1 migrated, 0 refused."), (done.ExitCode, done.Error.Trim()));
        Assert.Equal("2", Words((await RunAsync("subscriptions", "list")).Out.Split('\n').Single(line => line.Contains("sub_", StringComparison.Ordinal)))[4]);
    }

    /// <summary>Nobody asks: the jobs of the running server do it.</summary>
    [Fact]
    public async Task Messages_are_relayed_by_the_server_itself()
    {
        await RunAsync("customers", "put", "acme");
        Assert.Matches(Relayed(), await RunningServer.UntilAsync(() => server.Http.GetStringAsync("metrics"), Relayed().IsMatch));
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task<CommandRun> RunAsync(params string[] args) => server.RunAsync(_tenant, args);

    [GeneratedRegex(@"^metering_outbox_messages_relayed\S* [1-9]", RegexOptions.Multiline)]
    private static partial Regex Relayed();

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
