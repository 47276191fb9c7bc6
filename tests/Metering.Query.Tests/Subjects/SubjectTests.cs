using System.Text.Json;
using Metering.Query.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.Query.Tests.Subjects;

public class SubjectTests(Engines engines)
{
    [Fact]
    public async Task Subjects_are_upserted_listed_and_deleted()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);

        (int status, JsonElement made, _) = await host.SendAsync("POST", "/api/v1/subjects", """[{"key":"customer-1"},{"key":"b/c","displayName":"B","metadata":{"plan":{"n":1}}}]""");
        Assert.Equal(200, status);
        Assert.Equal(["customer-1", "b/c"], made.EnumerateArray().Select(subject => subject.GetProperty("key").GetString()));
        Assert.Equal("{}", made[0].GetProperty("metadata").GetRawText());
        await host.SendAsync("POST", "/api/v1/subjects", """[{"key":"customer-1","displayName":"One"}]""");

        Assert.Equal("One", (await host.GetAsync("/api/v1/subjects/customer-1")).GetProperty("displayName").GetString());
        Assert.Equal("""{"plan":{"n":1}}""", (await host.GetAsync("/api/v1/subjects/b%2Fc")).GetProperty("metadata").GetRawText());
        Assert.Equal(2, (await host.GetAsync("/api/v1/subjects")).GetArrayLength());
        Assert.Equal(204, (await host.SendAsync("DELETE", "/api/v1/subjects/customer-1")).Status);
        Assert.Equal(404, (await host.SendAsync("DELETE", "/api/v1/subjects/customer-1")).Status);
        Assert.Equal(404, (await host.SendAsync("GET", "/api/v1/subjects/customer-1")).Status);
        Assert.Equal(400, (await host.SendAsync("POST", "/api/v1/subjects", """[{"key":""}]""")).Status);
        Assert.Equal(400, (await host.SendAsync("POST", "/api/v1/subjects", """{"key":"a"}""")).Status);
    }

    [Fact]
    public async Task Seals_that_are_done_are_listed_newest_first()
    {
        await using NpgsqlCommand seed = engines.Postgres.Source.CreateCommand("""
            insert into seal (seal_no, upto, cut, sealed_at, state) values
              (1, '2024-01-01', '{1}', '2024-01-01', 'done'), (2, '2024-02-01', '{2}', '2024-02-01', 'done'), (3, '2024-02-02', '{3}', '2024-02-02', 'pending')
            on conflict do nothing
            """);
        await seed.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await using QueryHost host = await QueryHost.StartAsync(engines);

        JsonElement[] items = [.. (await host.GetAsync("/v1/seals?limit=1000")).GetProperty("items").EnumerateArray()];

        Assert.Equal([2, 1], items.Select(item => item.GetProperty("sealNo").GetInt32()));
        Assert.Equal(new DateTimeOffset(2024, 2, 1, 0, 0, 0, TimeSpan.Zero), items[0].GetProperty("upto").GetDateTimeOffset());
    }
}
