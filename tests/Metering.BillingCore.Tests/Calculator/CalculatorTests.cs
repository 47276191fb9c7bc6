using System.Text.Json;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Calculator;

public sealed class CalculatorTests(Engines engines)
{
    [Fact]
    public async Task It_rates()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Answered answer = await host.SendAsync("POST", "/v1/calculator/rate", """
            {"cases":[
              {"id":"1","currency":"USD","quantity":"10.5","component":{"model":"graduated","tiers":[{"up_to":"10","flat":"2","unit":"10"},{"up_to":"20","flat":"3","unit":"5"},{"up_to":null,"flat":"3","unit":"5"}]}},
              {"id":"2","currency":"USD","quantity":10,"component":{"model":"per_unit","unit":"1"}}]}
            """);
        JsonElement results = answer.Json.GetProperty("results");
        Assert.Equal("107.50", results[0].GetProperty("amount").GetString());
        Assert.Contains("quantity", results[1].GetProperty("problem").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(answer.Json.GetProperty("tzdb").GetString()!);
    }

    [Fact]
    public async Task It_prorates_and_counts_periods()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Answered prorated = await host.SendAsync("POST", "/v1/calculator/prorate", """
            {"cases":[{"id":"2","currency":"USD","zone":"UTC","unit":"day","period":["2026-01-01","2026-01-31"],
              "charges":[{"id":"old","amount":"100","timing":"advance","from":null,"to":"2026-01-16","billed":"100","credited":"0"},{"id":"new","amount":"200","from":"2026-01-16"}]}]}
            """);
        Assert.Equal("50.00", prorated.Json.GetProperty("results")[0].GetProperty("net").GetString());
        Answered periods = await host.SendAsync("POST", "/v1/calculator/periods", """
            {"cases":[{"id":"3","zone":"Asia/Kolkata","interval":{"unit":"month","count":1},"anchor":{"at":"2024-01-31","day":31},"start":"2024-02-16","end":null,"from":"2024-02-16","count":1}]}
            """);
        Assert.Equal("13/29", periods.Json.GetProperty("results")[0].GetProperty("periods")[0].GetProperty("fraction").GetString());
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"cases":1}""")]
    public async Task A_body_that_is_no_list_of_cases_is_refused(string body)
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Assert.Equal(400, (await host.SendAsync("POST", "/v1/calculator/rate", body)).Status);
    }
}
