using System.Globalization;
using System.Text;
using System.Text.Json;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Runs;
using Metering.BillingCore.Tests.Testing;
using Metering.Contracts;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Runs;

/// <summary>
/// A tenant that sells calls, on databases, seals and a clock of its own: 30 dollars a month in advance, calls at 1 up to 10 and 0.50 above, 10 % tax on top. Usage is written as
/// the aggregator's seals write it.
/// </summary>
internal sealed class Seller : IAsyncDisposable
{
    private const string Catalog = """
        {"currency":"USD","effective_from":"2020-01-01T00:00:00Z","plans":[
          {"key":"basic","product":"api","phases":[{"key":"main","components":[
            {"key":"base","price":{"model":"flat","amount":"30"}},
            {"key":"calls","meter":"calls","price":{"model":"graduated","tiers":[{"up_to":"10","unit":"1"},{"unit":"0.5"}]}}]}]},
          {"key":"pro","product":"api","phases":[{"key":"main","components":[
            {"key":"base","price":{"model":"flat","amount":"60"}},
            {"key":"calls","meter":"calls","price":{"model":"graduated","tiers":[{"up_to":"10","unit":"1"},{"unit":"0.5"}]}}]}],
            "commitments":[{"key":"spend","amount":"100","components":["base","calls"]}]},
          {"key":"cells","product":"api","phases":[{"key":"main","components":[
            {"key":"calls","meter":"calls","price":{"model":"matrix","dimensions":["model"],"unknown":"hold","cells":[{"key":{"model":"small"},"component":{"model":"per_unit","unit":"2"}}]}}]}]}]}
        """;

    private int _meter;
    private long _seal;
    private long _events;

    private Seller(BillingHost host, PostgresDatabase postgres, ClickHouseDatabase clickHouse, FakeTimeProvider time) =>
        (Host, Postgres, ClickHouse, Time) = (host, postgres, clickHouse, time);

    public BillingHost Host { get; }

    public PostgresDatabase Postgres { get; }

    public ClickHouseDatabase ClickHouse { get; }

    public FakeTimeProvider Time { get; }

    public static async Task<Seller> OpenAsync(Engines engines, string now = "2026-01-01T00:00:00Z", params (string Key, string Value)[] settings)
    {
        PostgresDatabase postgres = await engines.CreateDatabaseAsync();
        return await OpenAsync(engines, postgres, postgres, now, settings);
    }

    /// <param name="postgres">What the tests look at; disposed of with the seller.</param>
    /// <param name="ofHost">The same database as the role sees it.</param>
    public static async Task<Seller> OpenAsync(Engines engines, PostgresDatabase postgres, PostgresDatabase ofHost, string now, params (string Key, string Value)[] settings)
    {
        FakeTimeProvider time = new(DateTimeOffset.Parse(now, CultureInfo.InvariantCulture));
        ClickHouseDatabase clickHouse = await engines.CreateClickHouseAsync();
        BillingHost host = await BillingHost.StartAsync(engines, clickHouse, ofHost, time, settings);
        Seller seller = new(host, postgres, clickHouse, time);
        seller._meter = await seller.AddMeterAsync("calls", "SUM");
        await seller.PutAsync("/v1/products/api", """{"name":"API"}""");
        await seller.PutAsync("/v1/tax-rates/vat", """{"percent":"10","valid_from":"2020-01-01T00:00:00Z"}""");
        await seller.PutAsync("/v1/price-books/standard/draft", Catalog);
        await seller.PostAsync("/v1/price-books/standard/versions/1/publish", "");
        return seller;
    }

    /// <summary>A customer with a subject of the same name, and its subscription.</summary>
    /// <param name="more">Further fields, each with its comma before it.</param>
    public async Task<string> SubscribeAsync(string customer, string plan = "basic", string more = "", string book = "standard")
    {
        await PutAsync($"/v1/customers/{customer}", $$"""{"name":"{{customer}}"}""");
        await PutAsync($"/v1/customers/{customer}/subjects/{customer}", "{}");
        JsonElement made = await PostAsync("/v1/subscriptions", $$"""{"customer":"{{customer}}","price_book":"{{book}}","plan":"{{plan}}"{{more}}}""");
        return made.GetProperty("subscription").GetProperty("id").GetString()!;
    }

    /// <returns>The number of its revision.</returns>
    public async Task<int> AddMeterAsync(string slug, string aggregation)
    {
        string value = aggregation == "COUNT" ? "" : "\"valueProperty\":\"$.value\",";
        await using NpgsqlCommand command = Postgres.Source.CreateCommand($$$"""
            with made as (
              insert into meter (id, tenant, slug, aggregation, event_type, group_by, created_at, updated_at)
              values ('{{{slug}}}', '{{{Host.Tenant}}}', '{{{slug}}}', '{{{aggregation}}}', 'call', '{"model":"$.model"}', now(), now()) returning id)
            insert into meter_rev (meter_id, definition, state, created_at)
            select id, '{"aggregation":"{{{aggregation}}}","eventType":"call",{{{value}}}"groupBy":{"model":"$.model"}}', 'ready', now() from made returning mrev
            """);
        return (int)(await command.ExecuteScalarAsync())!;
    }

    public async Task<int> RevisionAsync(string slug)
    {
        await using NpgsqlCommand command = Postgres.Source.CreateCommand($"select mrev from meter_rev where meter_id = '{slug}'");
        return (int)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>A second price book, of the name <c>mixed</c>.</summary>
    public async Task PublishAsync(string book)
    {
        await PutAsync("/v1/price-books/mixed/draft", book);
        await PostAsync("/v1/price-books/mixed/versions/1/publish", "");
    }

    /// <summary>Calls of the seal that comes next.</summary>
    public Task UseAsync(string subject, string at, string calls, string model = "small", string kind = "use") => ClickHouse.ExecuteAsync(
        $"""
        INSERT INTO usage_window (tenant, meter, subject, minute, grp, v, vt, vid, kind, seal_no, sealed_at, s, n)
        VALUES ('{Host.Tenant}', {_meter}, '{subject}', toStartOfMinute(toDateTime('{At(at):yyyy-MM-dd HH:mm:ss}', 'UTC')), ['{model}'], 0, toDateTime64('1970-01-01 00:00:00', 7, 'UTC'), toFixedString('', 16),
          '{kind}', {_seal + 1}, now(), toDecimal128('{calls}', 12), 1)
        """,
        TestContext.Current.CancellationToken);

    /// <summary>The same, with the event that they come from.</summary>
    public async Task SendAsync(string id, string subject, string at, string calls, string model = "small")
    {
        await UseAsync(subject, at, calls, model);
        string hash = EventIdentity.Of(Encoding.UTF8.GetBytes(Host.Tenant), "test"u8, Encoding.UTF8.GetBytes(id)).ToString();
        string data = $$"""{"value":{{calls}},"model":"{{model}}"}""";
        await ClickHouse.ExecuteAsync(
            $"""
            INSERT INTO usage_raw (tenant, type, subject, time, part, off, at, id_hash, source, id, data, kind)
            VALUES ('{Host.Tenant}', 'call', '{subject}', toDateTime64('{At(at):yyyy-MM-dd HH:mm:ss}', 7, 'UTC'), 0, {(_seal * 1000) + ++_events}, now(), toFixedString(unhex('{hash}'), 16), 'test', '{id}', '{data}', 'use')
            """,
            TestContext.Current.CancellationToken);
    }

    public async Task SealAsync(string upto)
    {
        long number = ++_seal;
        await ClickHouse.ExecuteAsync($"INSERT INTO seal_mark VALUES ({number}, toDateTime({At(upto).ToUnixTimeSeconds()}, 'UTC'), [{number * 1000}, {number * 1000}], now())", TestContext.Current.CancellationToken);
        await using NpgsqlCommand command = Postgres.Source.CreateCommand($"insert into public.seal (seal_no, upto, cut, sealed_at, state) values ({number}, '{At(upto):O}', '{{}}', now(), 'done')");
        await command.ExecuteNonQueryAsync();
    }

    public void Set(string now) => Time.SetUtcNow(At(now));

    /// <summary>Bills what is due, and says how many invoices that made.</summary>
    public async Task<int> BillAsync() => (await PostAsync("/v1/billing-runs", "{}")).GetProperty("invoices").GetInt32();

    public async Task<int> CorrectAsync()
    {
        Time.Advance(TimeSpan.FromMilliseconds(1)); // another run
        return (await PostAsync("/v1/correction-runs", "{}")).GetProperty("corrected").GetInt32();
    }

    /// <summary>Every invoice of a customer, oldest first: state, what it bills, total.</summary>
    public async Task<IReadOnlyList<string>> InvoicesAsync(string customer)
    {
        JsonElement list = (await Host.SendAsync("GET", $"/v1/invoices?customer={customer}")).Json.GetProperty("items");
        List<string> texts = [];
        foreach (JsonElement one in list.EnumerateArray().Reverse())
        {
            JsonElement invoice = (await Host.SendAsync("GET", $"/v1/invoices/{one.GetProperty("id").GetString()}")).Json;
            string lines = invoice.TryGetProperty("lines", out JsonElement all) && all.ValueKind == JsonValueKind.Array
                ? string.Join(", ", all.EnumerateArray().Select(line => $"{line.GetProperty("component").GetString()} {line.GetProperty("amount").GetString()}"))
                : "";
            texts.Add($"{invoice.GetProperty("state").GetString()}: {lines} = {(invoice.TryGetProperty("total", out JsonElement total) ? total.ToString() : "")}");
        }

        return texts;
    }

    public async Task<string> ScalarAsync(string sql)
    {
        await using TenantTransaction transaction = await new TenantDatabase(Postgres).BeginAsync(Host.Tenant, TestContext.Current.CancellationToken);
        await using NpgsqlCommand command = transaction.Command(sql);
        return Convert.ToString(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken), CultureInfo.InvariantCulture) ?? "";
    }

    /// <summary>Σ of all entries of the ledger: zero. And what customers owe is what their invoices say.</summary>
    public async Task BooksBalanceAsync()
    {
        JsonElement balance = (await Host.SendAsync("GET", "/v1/ledger/trial-balance")).Json;
        Assert.All(balance.GetProperty("currencies").EnumerateArray(), currency => Assert.Equal(currency.GetProperty("debit").GetString(), currency.GetProperty("credit").GetString()));
        Assert.Equal(
            await ScalarAsync("select coalesce(sum(remaining), 0) from billing.invoice where state = 'open'"),
            await ScalarAsync("select coalesce(sum(balance), 0) from billing.ledger_account where kind = 'Receivable'"));
    }

    public BillingRun Run => Host.Services.GetRequiredService<BillingRun>();

    public async Task PutAsync(string path, string body)
    {
        Answered put = await Host.SendAsync("PUT", path, body);
        Assert.True(put.Status is 200 or 201, $"{path}: {put.Text}");
    }

    public async Task<JsonElement> PostAsync(string path, string body)
    {
        Answered post = await Host.SendAsync("POST", path, body);
        Assert.True(post.Status is 200 or 201 or 204, $"{path}: {post.Text}");
        return post.Text.Length > 0 ? post.Json : default;
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        ClickHouse.Dispose();
        await Postgres.DisposeAsync();
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text.Length == 10 ? text + "T00:00:00Z" : text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
