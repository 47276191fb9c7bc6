using Metering.Billing.Postgres.Outbox;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Tenancy;

/// <summary>Raw SQL under the application's role on every table of customers and subscriptions: own rows only, and of those only what the program does.</summary>
public sealed class SubscriptionIsolationTests(Engines engines)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Tables => ["tenant", "customer", "customer_subject", "price_content", "subscription", "subscription_fact", "outbox", "inbox", "audit_log"];

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task Rows_of_another_tenant_are_neither_seen_nor_changed_nor_made(string table)
    {
        await using Shop shop = await FilledAsync();
        Assert.NotEqual("0", await shop.ScalarAsync($"select count(*) from billing.{table}"));
        await using TenantTransaction stranger = await new TenantDatabase(shop.Database).BeginAsync("stranger", Stop);
        Assert.Equal(0L, await ScalarAsync(stranger, $"select count(*) from billing.{table}"));
        Assert.Equal(0L, await ScalarAsync(stranger, $"select count(*) from billing.{table} where tenant_id = '{shop.Host.Tenant}'"));
        string copy = $"insert into billing.{table} overriding system value select (json_populate_record(null::billing.{table}, '{await RowAsync(shop, table)}')).*";
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await RefusalAsync(stranger, copy));
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task Without_a_tenant_there_are_no_rows(string table)
    {
        await using Shop shop = await FilledAsync();
        await using NpgsqlConnection connection = await shop.Database.Source.OpenConnectionAsync(Stop);
        await using NpgsqlCommand command = new($"begin; set local role metering_app; select count(*) from billing.{table}", connection);
        Assert.Equal(0L, await command.ExecuteScalarAsync(Stop));
    }

    /// <summary>The setting that lets jobs see every tenant is of no use to the application's role.</summary>
    [Theory]
    [InlineData("outbox")]
    [InlineData("subscription")]
    public async Task The_application_is_no_job(string table)
    {
        await using Shop shop = await FilledAsync();
        await using TenantTransaction stranger = await new TenantDatabase(shop.Database).BeginAsync("stranger", Stop);
        await ScalarAsync(stranger, "select set_config('metering.job', 'every_tenant', true)");
        Assert.Equal(0L, await ScalarAsync(stranger, $"select count(*) from billing.{table}"));
    }

    [Theory]
    [InlineData("update billing.subscription_fact set body = '{}'")]
    [InlineData("update billing.audit_log set actor = 'nobody'")]
    [InlineData("update billing.price_content set body = '{}'")]
    [InlineData("update billing.outbox set relayed_at = now()")]
    [InlineData("delete from billing.customer")]
    [InlineData("delete from billing.subscription")]
    [InlineData("delete from billing.subscription_fact")]
    [InlineData("delete from billing.audit_log")]
    [InlineData("delete from billing.outbox")]
    [InlineData("truncate billing.audit_log")]
    [InlineData("select * from billing.job")]
    [InlineData("update billing.job set token = 0")]
    public async Task What_the_role_may_not_do_is_refused(string sql)
    {
        await using Shop shop = await FilledAsync();
        await using TenantTransaction transaction = await new TenantDatabase(shop.Database).BeginAsync(shop.Host.Tenant, Stop);
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await RefusalAsync(transaction, sql));
    }

    /// <summary>Not even whoever owns the tables.</summary>
    [Theory]
    [InlineData("update billing.subscription_fact set body = '{}'")]
    [InlineData("delete from billing.subscription_fact")]
    [InlineData("update billing.audit_log set actor = 'nobody'")]
    [InlineData("update billing.price_content set body = '{}'")]
    [InlineData("update billing.customer_subject set customer = 'globex'")]
    [InlineData("update billing.customer_subject set superseded_by = null where superseded_by is not null")]
    public async Task What_is_recorded_stays(string sql)
    {
        await using Shop shop = await FilledAsync();
        await using NpgsqlCommand command = shop.Database.Source.CreateCommand(sql);
        Assert.Equal(PostgresErrorCodes.RestrictViolation, (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Stop))).SqlState);
    }

    [Fact]
    public async Task Another_tenants_subscription_is_not_there_over_http()
    {
        await using Shop shop = await FilledAsync();
        string id = (await shop.ScalarAsync("select id from billing.subscription"))!;
        foreach ((string method, string path) in new[] { ("GET", $"{Shop.Subscriptions}/{id}"), ("GET", $"{Shop.Subscriptions}/{id}/history"), ("POST", $"{Shop.Subscriptions}/{id}/cancel"), ("GET", "/v1/customers/acme") })
        {
            using HttpRequestMessage request = new(new HttpMethod(method), path) { Headers = { { "Authorization", "Bearer stranger" } } };
            using HttpResponseMessage response = await shop.Host.Client.SendAsync(request, Stop);
            Assert.Equal(404, (int)response.StatusCode);
        }
    }

    private async Task<Shop> FilledAsync()
    {
        Shop shop = await Shop.OpenAsync(engines);
        await shop.SubscribeAsync();
        await shop.PutAsync("/v1/customers/globex", "{}");
        await shop.PutAsync("/v1/customers/acme/subjects/s", "{}");
        await shop.PutAsync("/v1/customers/acme/subjects/s", """{"from":"2026-01-01T00:00:00Z"}""");
        await using TenantTransaction transaction = await new TenantDatabase(shop.Database).BeginAsync(shop.Host.Tenant, Stop);
        await Inbox.ClaimAsync(transaction, "test", ["m"], TimeSpan.FromDays(7), Shop.Opening, Stop);
        await transaction.CommitAsync(Stop);
        return shop;
    }

    private static Task<string?> RowAsync(Shop shop, string table) => shop.ScalarAsync($"select replace(row_to_json(one)::text, '''', '''''') from billing.{table} as one limit 1");

    private static async Task<object?> ScalarAsync(TenantTransaction transaction, string sql)
    {
        await using NpgsqlCommand command = transaction.Command(sql);
        return await command.ExecuteScalarAsync(Stop);
    }

    private static async Task<string> RefusalAsync(TenantTransaction transaction, string sql)
    {
        await using NpgsqlCommand command = transaction.Command(sql);
        return (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Stop))).SqlState;
    }
}
