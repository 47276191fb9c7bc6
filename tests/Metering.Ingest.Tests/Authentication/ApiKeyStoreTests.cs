using Metering.Ingest.Tests.Support;
using Metering.Storage.Postgres.ApiKeys;
using Npgsql;
using Xunit;

namespace Metering.Ingest.Tests.Authentication;

public class ApiKeyStoreTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task A_key_is_shown_once_found_by_its_secret_and_gone_when_revoked()
    {
        ApiKeyStore store = new(postgres.Database, TimeProvider.System);
        NewApiKey created = await store.CreateAsync("listed", "backend", default);
        NewApiKey other = await store.CreateAsync("listed", "second", default);
        Assert.Matches("^mtr_[A-Za-z0-9_-]{43}$", created.Secret);
        Assert.Matches("^[0-9A-HJKMNP-TV-Z]{26}$", created.Key.Id);
        Assert.Equal("listed", await store.FindTenantAsync(ApiKeySecret.HashOf(created.Secret), default));
        Assert.Null(await store.FindTenantAsync(ApiKeySecret.HashOf(created.Secret + "x"), default));

        Assert.True(await store.RevokeAsync(created.Key.Id, default));
        Assert.False(await store.RevokeAsync(created.Key.Id, default));
        Assert.Null(await store.FindTenantAsync(ApiKeySecret.HashOf(created.Secret), default));
        IReadOnlyList<ApiKey> keys = await store.ListAsync("listed", default);
        Assert.Equal([created.Key.Id, other.Key.Id], keys.Select(key => key.Id));
        Assert.Equal([true, false], keys.Select(key => key.RevokedAt is not null));
        Assert.Contains(await store.ListAsync(null, default), key => key.Prefix == created.Secret[..10]);
        Assert.Empty(await store.ListAsync("nobody", default));
    }

    [Fact]
    public async Task The_secret_is_nowhere_in_the_database()
    {
        NewApiKey created = await new ApiKeyStore(postgres.Database, TimeProvider.System).CreateAsync("acme", "secret", default);
        await using NpgsqlCommand command = postgres.Database.CreateCommand("select count(*) from api_key where api_key::text like '%' || $1 || '%'");
        command.Parameters.Add(new() { Value = created.Secret[10..] });
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Known_keys_work_while_PostgreSQL_is_down()
    {
        ApiKeyStore store = new(postgres.Database, TimeProvider.System);
        NewApiKey created = await store.CreateAsync("acme", "outage", default);
        Microsoft.Extensions.Time.Testing.FakeTimeProvider time = new();
        ApiKeyCache cache = new(store.FindTenantAsync, time);
        Assert.Equal("acme", await cache.FindTenantAsync(created.Secret, default));
        postgres.Stop();
        try
        {
            time.Advance(TimeSpan.FromMinutes(10));
            Assert.Equal("acme", await cache.FindTenantAsync(created.Secret, default));
            await Assert.ThrowsAsync<ApiKeysUnavailableException>(async () => await cache.FindTenantAsync("mtr_other", default));
        }
        finally
        {
            postgres.Start();
        }

        time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("acme", await cache.FindTenantAsync(created.Secret, default));
    }
}
