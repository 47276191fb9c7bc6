using System.Globalization;
using System.Text.Json;
using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.Postgres;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Testing;

/// <summary>A tenant that sells something, on a database and a clock of its own: two versions of a price book, and a customer in Berlin.</summary>
internal sealed class Shop : IAsyncDisposable
{
    public const string Subscriptions = "/v1/subscriptions";

    /// <summary>What the clock shows at first: not a whole minute, so "now" is 12:01.</summary>
    public static readonly DateTimeOffset Opening = new(2026, 3, 10, 12, 0, 30, TimeSpan.Zero);

    private const string Plans = """
        {"key":"basic","product":"api","phases":[{"key":"main","components":[
          {"key":"base","price":{"model":"flat","amount":"10"}},
          {"key":"seats","price":{"model":"licensed","unit":"5"}},
          {"key":"tokens","meter":"tokens","filter":[{"property":"model","values":["small"]}],"price":{"model":"per_unit","unit":"0.1"}}]}]},
        {"key":"pro","product":"api","phases":[
          {"key":"try","trial":true,"length":{"unit":"day","count":14},"components":[]},
          {"key":"intro","length":{"unit":"month","count":2},"components":[{"key":"base","price":{"model":"flat","amount":"20"}},{"key":"seats","price":{"model":"licensed","unit":"4"}}]},
          {"key":"main","components":[{"key":"base","price":{"model":"flat","amount":"40"}},{"key":"seats","price":{"model":"licensed","unit":"4"}},
            {"key":"tokens","meter":"tokens","price":{"model":"per_unit","unit":"0.05"}}]}]},
        {"key":"yearly","product":"api","phases":[{"key":"main","components":[
          {"key":"base","interval":{"unit":"year","count":1},"price":{"model":"flat","amount":"400"}},{"key":"support","price":{"model":"flat","amount":"9"}}]}]},
        {"key":"big","product":"api","phases":[{"key":"main","components":[
          {"key":"tokens","meter":"tokens","filter":[{"property":"model","values":["big"]}],"price":{"model":"per_unit","unit":"1"}}]}]}
        """;

    private Shop(BillingHost host, PostgresDatabase database, FakeTimeProvider time) => (Host, Database, Time) = (host, database, time);

    public BillingHost Host { get; }

    public PostgresDatabase Database { get; }

    public FakeTimeProvider Time { get; }

    public static async Task<Shop> OpenAsync(Engines engines)
    {
        FakeTimeProvider time = new(Opening);
        PostgresDatabase database = await engines.CreateDatabaseAsync();
        Shop shop = new(await BillingHost.StartAsync(engines, database, time), database, time);
        await shop.Host.CreateMeterAsync("tokens");
        await shop.PutAsync("/v1/products/api", """{"name":"API"}""");
        await shop.PublishAsync("standard", 1, Book("2026-01-01T00:00:00Z"));
        await shop.PublishAsync("standard", 2, Book("2026-02-01T00:00:00Z").Replace("\"10\"", "\"11\"", StringComparison.Ordinal));
        await shop.PutAsync("/v1/customers/acme", """{"name":"Acme","zone":"Europe/Berlin"}""");
        return shop;
    }

    public static string Book(string effectiveFrom, string currency = "EUR") => $$"""{"currency":"{{currency}}","effective_from":"{{effectiveFrom}}","plans":[{{Plans}}]}""";

    public async Task PublishAsync(string book, int version, string body)
    {
        await PutAsync($"/v1/price-books/{book}/draft", body);
        Assert.Equal(200, (await Host.SendAsync("POST", $"/v1/price-books/{book}/versions/{version}/publish")).Status);
    }

    public async Task PutAsync(string path, string body)
    {
        Answered put = await Host.SendAsync("PUT", path, body);
        Assert.True(put.Status is 200 or 201, put.Text);
    }

    /// <summary>Subscribes the customer, and answers with the id.</summary>
    /// <param name="more">Further fields, each with its comma before it.</param>
    public async Task<string> SubscribeAsync(string plan = "basic", string more = "", string customer = "acme")
    {
        Answered made = await CreateAsync(plan, more, customer);
        Assert.True(made.Status == 201, made.Text);
        return made.Json.GetProperty("subscription").GetProperty("id").GetString()!;
    }

    /// <inheritdoc cref="SubscribeAsync"/>
    public Task<Answered> CreateAsync(string plan = "basic", string more = "", string customer = "acme") =>
        Host.SendAsync("POST", Subscriptions, $$"""{"customer":"{{customer}}","price_book":"standard","plan":"{{plan}}"{{more}}}""");

    public Task<Answered> DoAsync(string id, string operation, string? body = null, params (string Name, string Value)[] headers) =>
        Host.SendAsync("POST", $"{Subscriptions}/{id}/{operation}", body, headers);

    public async Task<JsonElement> GetAsync(string id) => (await Host.SendAsync("GET", $"{Subscriptions}/{id}")).Json;

    public void Set(string instant) => Time.SetUtcNow(DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture));

    /// <summary>A text of the first row and column, as the tenant.</summary>
    public async Task<string?> ScalarAsync(string sql)
    {
        await using TenantTransaction transaction = await new TenantDatabase(Database).BeginAsync(Host.Tenant, TestContext.Current.CancellationToken);
        await using NpgsqlCommand command = transaction.Command(sql);
        return Convert.ToString(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Database.DisposeAsync();
    }
}
