using System.Text.Json;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests;

/// <summary>Other people's clients, unmodified, against the whole program.</summary>
public class ClientTests(ITestOutputHelper output)
{
    [Fact]
    public async Task The_official_OpenMeter_SDK_works_unmodified()
    {
        await using MeteringProcess metering = await MeteringProcess.StartAsync();
        string printed = await NodeScript.RunAsync("openmeter.mjs", "@openmeter/sdk@1.0.0-beta.232", metering.Http);
        output.WriteLine(printed);
        JsonElement seen = JsonSerializer.Deserialize<JsonElement>(printed);
        void Saw(string what, string json) => Assert.Equal(json, seen.GetProperty(what).GetRawText());

        Saw("created", """{"id":true,"slug":"sdk_tokens","createdAt":true}""");
        Saw("listed", """["sdk_calls","sdk_tokens","sdk_users"]""");
        Saw("byId", "\"sdk_tokens\"");
        Saw("updated", """{"name":"Tokens used","metadata":{"team":"a"},"description":"Tokens","groupBy":{"kind":"$.kind","model":"$.model"}}""");
        Saw("total", "[30.8]");
        Saw("echo", """{"from":true,"to":true}""");
        Saw("hours", "[10,20.5,0.1,0.2]");
        Saw("bySubject", """[["customer-1",{"model":"gpt"},30.5],["customer-2",{"model":"llama"},0.3]]""");
        Saw("oneSubject", """[["customer-2",0.3]]""");
        Saw("filtered", "[20.5]");
        Saw("days", "30.8");
        Saw("dayStarts", "true");
        Saw("users", "3");
        Saw("posted", """[["gpt",10],["llama",0.3]]""");
        Saw("none", "[]");
        Saw("events", """[["2","gpt",true],["1","gpt",true]]""");
        Saw("defaulted", """[["@openmeter/sdk","1.0",true]]""");
        Saw("page", "2");
        Saw("subjects", """["customer-1","customer-2"]""");
        Saw("models", """["gpt","llama"]""");
        Saw("known", """[["customer-1","Customer One"]]""");
        Saw("left", "2");
        Saw("version", "\"1.0.0-beta.232\"");
        SawError(seen, "invalidEvent", 400, "subject");
        SawError(seen, "duplicateSlug", 409, "sdk_calls");
        SawError(seen, "missingMeter", 404, "nothing");
        SawError(seen, "badGroup", 400, "invalid group by: nothing");
        SawError(seen, "badZone", 400, "Mars/Base");
        SawError(seen, "deleted", 404, "sdk_calls");
    }

    [Fact]
    public async Task The_official_ClickHouse_client_reads_the_views_and_joins_them_with_its_own_tables()
    {
        await using MeteringProcess metering = await MeteringProcess.StartAsync();
        using MeteringClient client = metering.NewClient();
        await client.CreateMeterAsync(new TestMeter("tokens", "SUM", "prompt", "tokens"));
        await client.IngestAsync(
            """
            [{"id":"1","source":"s","type":"prompt","subject":"customer-1","data":{"tokens":4}},
             {"id":"2","source":"s","type":"prompt","subject":"customer-2","data":{"tokens":6.5}}]
            """);
        await client.SettleAsync();
        string printed = await NodeScript.RunAsync("clickhouse.mjs", "@clickhouse/client@1.23.1", metering.ClickHouse);
        output.WriteLine(printed);
        JsonElement seen = JsonSerializer.Deserialize<JsonElement>(printed);
        string[] views = [.. seen.GetProperty("views").EnumerateArray().Select(name => name.GetString()!)];
        Assert.Superset(new HashSet<string> { "dead_letters", "usage_by_day", "usage_by_hour", "usage_by_minute", "usage_corrections", "usage_events" }, views.ToHashSet());
        Assert.Equal("""[{"meter":"tokens","subject":"customer-1","value":4}]""", seen.GetProperty("minutes").GetRawText());
        Assert.Equal("""[{"subject":"customer-1","amount":1},{"subject":"customer-2","amount":3.25}]""", seen.GetProperty("priced").GetRawText());
        Assert.Equal("[]", seen.GetProperty("corrections").GetRawText());
        Assert.Equal("[]", seen.GetProperty("deadLetters").GetRawText());
    }

    private static void SawError(JsonElement seen, string what, int status, string detail)
    {
        JsonElement error = seen.GetProperty(what);
        Assert.True(error.ValueKind == JsonValueKind.Object, $"{what}: no error");
        Assert.Equal("HTTPError", error.GetProperty("name").GetString());
        Assert.Equal(status, error.GetProperty("status").GetInt32());
        Assert.Contains(detail, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(error.GetProperty("title").GetString()!);
    }
}
