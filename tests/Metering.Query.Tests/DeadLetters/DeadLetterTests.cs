using System.Text;
using System.Text.Json;
using Metering.Query.Tests.Testing;
using Xunit;

namespace Metering.Query.Tests.DeadLetters;

public class DeadLetterTests(Engines engines)
{
    private static readonly DateTimeOffset s_noon = new(2024, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Dead_letters_are_listed_with_their_bytes_and_reason()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await SeedAsync(host, 7000);

        JsonElement[] items = [.. (await host.GetAsync("/v1/dead-letters")).GetProperty("items").EnumerateArray()];

        Assert.Equal([7002, 7001, 7000], items.Select(item => item.GetProperty("off").GetInt32()));
        Assert.Equal("unusable_value", items[0].GetProperty("code").GetString());
        Assert.Equal("""{"value":"x"}""", items[0].GetProperty("raw").GetString());
        Assert.Equal("/wA=", items[1].GetProperty("rawBase64").GetString());
        Assert.Equal("""{"id":"ü"}""", items[2].GetProperty("raw").GetString());
        Assert.Equal("because", items[2].GetProperty("message").GetString());
        Assert.Equal(s_noon, items[2].GetProperty("at").GetDateTimeOffset());
        Assert.False(items[2].GetProperty("replayed").GetBoolean());
    }

    [Theory]
    [InlineData("code=conflict", "7100")]
    [InlineData("from=2024-03-01T12:01:00Z&to=2024-03-01T12:02:00Z", "7101")]
    [InlineData("limit=1", "7102")]
    public async Task Dead_letters_are_filtered(string query, string expected)
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await SeedAsync(host, 7100);

        JsonElement page = await host.GetAsync($"/v1/dead-letters?{query}");

        Assert.Equal(expected, string.Join(' ', page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("off").GetRawText())));
    }

    [Fact]
    public async Task Records_that_could_not_be_read_belong_to_nobody_and_are_shown_on_this_machine()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await SeededEvents.AddDeadLetterAsync(engines.ClickHouse, "", 7300, s_noon, "undecodable_record", "", [0xff, 0x00]);

        Assert.Equal(0, (await host.GetAsync("/v1/dead-letters?code=undecodable_record")).GetProperty("items").GetArrayLength());
        JsonElement letter = Assert.Single((await host.GetAsync("/v1/dead-letters?unreadable=true&code=undecodable_record")).GetProperty("items").EnumerateArray());
        Assert.Equal("/wA=", letter.GetProperty("rawBase64").GetString());
        Assert.Equal(404, (await host.SendAsync("GET", "/v1/dead-letters/0/7300")).Status);
        Assert.Equal(204, (await host.SendAsync("POST", "/v1/dead-letters/0/7300/replayed?unreadable=true")).Status);
        Assert.True((await host.GetAsync("/v1/dead-letters/0/7300?unreadable=true")).GetProperty("replayed").GetBoolean());
    }

    [Fact]
    public async Task Pages_follow_one_another()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await SeedAsync(host, 7200);

        JsonElement first = await host.GetAsync("/v1/dead-letters?limit=2");
        JsonElement second = await host.GetAsync($"/v1/dead-letters?limit=2&cursor={first.GetProperty("nextCursor").GetString()}");

        Assert.Equal(7200, Assert.Single(second.GetProperty("items").EnumerateArray()).GetProperty("off").GetInt32());
        Assert.False(second.TryGetProperty("nextCursor", out _));
    }

    [Fact]
    public async Task One_can_be_read_and_marked_as_replayed_by_its_tenant_only()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await using QueryHost other = await QueryHost.StartAsync(engines);
        await SeedAsync(host, 7300);

        Assert.Equal(404, (await other.SendAsync("GET", "/v1/dead-letters/0/7300")).Status);
        Assert.Equal(404, (await other.SendAsync("POST", "/v1/dead-letters/0/7300/replayed")).Status);
        Assert.Equal(404, (await host.SendAsync("GET", "/v1/dead-letters/0/x")).Status);
        Assert.Equal("conflict", (await host.GetAsync("/v1/dead-letters/0/7300")).GetProperty("code").GetString());
        Assert.Equal(204, (await host.SendAsync("POST", "/v1/dead-letters/0/7300/replayed")).Status);
        Assert.Equal(204, (await host.SendAsync("POST", "/v1/dead-letters/0/7300/replayed")).Status);

        JsonElement letter = await host.GetAsync("/v1/dead-letters/0/7300");
        Assert.True(letter.GetProperty("replayed").GetBoolean());
        Assert.InRange(letter.GetProperty("replayedAt").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(1));
    }

    private async Task SeedAsync(QueryHost host, long offset)
    {
        await SeededEvents.AddDeadLetterAsync(engines.ClickHouse, host.Tenant, offset, s_noon, "conflict", "a", Encoding.UTF8.GetBytes("""{"id":"ü"}"""));
        await SeededEvents.AddDeadLetterAsync(engines.ClickHouse, host.Tenant, offset + 1, s_noon.AddMinutes(1), "malformed", "", [0xFF, 0]);
        await SeededEvents.AddAsync(engines.ClickHouse, host.Tenant, offset + 2, new RawRecord("c", s_noon.AddMinutes(2), """{"value":"x"}""", Problem: "not a number"));
    }
}
