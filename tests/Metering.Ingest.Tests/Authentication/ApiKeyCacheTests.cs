using Metering.Storage.Postgres.ApiKeys;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Metering.Ingest.Tests.Authentication;

public class ApiKeyCacheTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Dictionary<string, string> _tenants = new() { ["good"] = "acme" };
    private bool _down;
    private int _asked;

    [Fact]
    public async Task An_answer_is_kept_while_it_is_fresh()
    {
        ApiKeyCache cache = Create();
        Assert.Equal("acme", await cache.FindTenantAsync("good", default));
        _time.Advance(ApiKeyCache.FreshFor - TimeSpan.FromMilliseconds(1));
        Assert.Equal("acme", await cache.FindTenantAsync("good", default));
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task A_revoked_key_stops_within_30_seconds()
    {
        ApiKeyCache cache = Create();
        await cache.FindTenantAsync("good", default);
        _tenants.Clear();
        _time.Advance(ApiKeyCache.FreshFor);
        Assert.Null(await cache.FindTenantAsync("good", default));
        Assert.InRange(ApiKeyCache.FreshFor, TimeSpan.Zero, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Known_keys_go_on_while_the_store_is_down_and_it_is_left_alone()
    {
        ApiKeyCache cache = Create();
        await cache.FindTenantAsync("good", default);
        _down = true;
        _time.Advance(TimeSpan.FromMinutes(30));
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal("acme", await cache.FindTenantAsync("good", default));
        }

        Assert.Equal(2, _asked);
        _time.Advance(TimeSpan.FromMinutes(31));
        await Assert.ThrowsAsync<ApiKeysUnavailableException>(async () => await cache.FindTenantAsync("good", default));
        _down = false;
        Assert.Equal("acme", await cache.FindTenantAsync("good", default));
    }

    [Fact]
    public async Task A_key_revoked_during_an_outage_stops_soon_after_it()
    {
        ApiKeyCache cache = Create();
        await cache.FindTenantAsync("good", default);
        _down = true;
        _time.Advance(ApiKeyCache.FreshFor);
        await cache.FindTenantAsync("good", default);
        (_down, _) = (false, _tenants.Remove("good"));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(await cache.FindTenantAsync("good", default));
    }

    [Fact]
    public async Task Unknown_keys_are_not_asked_for_again_at_once_and_are_not_told_from_an_outage()
    {
        ApiKeyCache cache = Create();
        Assert.Null(await cache.FindTenantAsync("bad", default));
        Assert.Null(await cache.FindTenantAsync("bad", default));
        Assert.Equal(1, _asked);
        _tenants["bad"] = "late";
        _time.Advance(ApiKeyCache.UnknownFor);
        Assert.Equal("late", await cache.FindTenantAsync("bad", default));
        _down = true;
        await Assert.ThrowsAsync<ApiKeysUnavailableException>(async () => await cache.FindTenantAsync("other", default));
    }

    [Fact]
    public async Task Guessing_does_not_push_known_keys_out()
    {
        ApiKeyCache cache = Create();
        await cache.FindTenantAsync("good", default);
        for (int i = 0; i < 25_000; i++)
        {
            await cache.FindTenantAsync($"guess-{i}", default);
        }

        _down = true;
        Assert.Equal("acme", await cache.FindTenantAsync("good", default));
    }

    private ApiKeyCache Create() => new(
        (hash, _) =>
        {
            _asked++;
            return _down
                ? Task.FromException<string?>(new IOException("down"))
                : Task.FromResult(_tenants.Where(t => ApiKeySecret.HashOf(t.Key).AsSpan().SequenceEqual(hash)).Select(t => t.Value).SingleOrDefault());
        },
        _time);
}
