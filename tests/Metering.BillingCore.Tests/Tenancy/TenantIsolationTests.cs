using Metering.Billing.Postgres.Catalog;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Tenancy;

/// <summary>Raw SQL under the application's role, as a mistake in a query would be: it sees and writes its own tenant's rows, whatever it asks for.</summary>
public sealed class TenantIsolationTests(Engines engines)
{
    private readonly TenantDatabase _database = new(engines.Postgres);

    [Fact]
    public async Task No_statement_sees_or_changes_rows_of_another_tenant()
    {
        await PutAsync("isolation_a", "mine");
        await PutAsync("isolation_b", "theirs");
        await using TenantTransaction transaction = await _database.BeginAsync("isolation_a", TestContext.Current.CancellationToken);
        Assert.Equal("mine", await ScalarAsync(transaction, "select string_agg(key, ',') from billing.catalog_item where tenant_id like 'isolation%'"));
        Assert.Equal(0, await ChangeAsync(transaction, "update billing.catalog_item set body = '{}' where tenant_id = 'isolation_b'"));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await RefusalAsync(transaction, "insert into billing.catalog (tenant_id, version) values ('isolation_b', 99)"));
    }

    [Theory]
    [InlineData("update billing.catalog_item set tenant_id = 'isolation_d'")]
    [InlineData("delete from billing.catalog_item")]
    [InlineData("truncate billing.catalog_item")]
    [InlineData("alter table billing.catalog_item disable row level security")]
    [InlineData("select * from public.meter")]
    [InlineData("select * from public.api_key")]
    public async Task What_the_role_may_not_do_is_refused(string sql)
    {
        await PutAsync("isolation_c", "mine");
        await using TenantTransaction transaction = await _database.BeginAsync("isolation_c", TestContext.Current.CancellationToken);
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await RefusalAsync(transaction, sql));
    }

    [Fact]
    public async Task Without_a_tenant_there_are_no_rows()
    {
        await PutAsync("isolation_e", "mine");
        await using NpgsqlConnection connection = await engines.Postgres.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using NpgsqlCommand command = new("begin; set local role metering_app; select count(*) from billing.catalog_item", connection);
        Assert.Equal(0L, await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_tenant_ends_with_its_transaction()
    {
        await using NpgsqlConnection connection = await engines.Postgres.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using NpgsqlCommand enter = new("begin; set local role metering_app; select set_config('metering.tenant', 'isolation_f', true); commit", connection);
        await enter.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await using NpgsqlCommand left = new("select current_user || coalesce(current_setting('metering.tenant', true), '')", connection);
        string who = (string)(await left.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
        Assert.DoesNotContain("isolation_f", who, StringComparison.Ordinal);
        Assert.DoesNotContain("metering_app", who, StringComparison.Ordinal);
    }

    private async Task PutAsync(string tenant, string key)
    {
        await using TenantTransaction transaction = await _database.BeginAsync(tenant, TestContext.Current.CancellationToken);
        await CatalogItems.PutAsync(transaction, "product", key, "{}", TimeProvider.System.GetUtcNow(), TestContext.Current.CancellationToken);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<string?> ScalarAsync(TenantTransaction transaction, string sql)
    {
        await using NpgsqlCommand command = transaction.Command(sql);
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken) as string;
    }

    private static async Task<int> ChangeAsync(TenantTransaction transaction, string sql)
    {
        await using NpgsqlCommand command = transaction.Command(sql);
        return await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<string> RefusalAsync(TenantTransaction transaction, string sql) =>
        (await Assert.ThrowsAsync<PostgresException>(() => ChangeAsync(transaction, sql))).SqlState;
}
