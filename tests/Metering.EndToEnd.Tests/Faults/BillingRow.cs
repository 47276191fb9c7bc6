using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Running;
using Xunit;
using Xunit.Sdk;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>
/// <c>metering up</c> with customers who subscribe, from eight days ago, and used something before: each is due at once for two weeks' fees and the usage of the first. One
/// fault; then every subscription is looked for, and has to have one invoice of the right amount. Of such a row, what is sent
/// are subscriptions, what is lost or doubled are invoices, and it has recovered when all are invoiced.
/// </summary>
internal static class BillingRow
{
    private const int Customers = 2000;
    private const int Senders = 4;
    private const int Fee = 30;

    private static readonly OneMachineOptions s_options = new()
    {
        Environment = new Dictionary<string, string> { ["METERING_Billing__RunEvery"] = "00:00:00.100", ["METERING_Billing__RunBatch"] = "3" },
    };

    /// <param name="strikeAsync">Breaks it while customers subscribe, and returns when it is whole again.</param>
    public static async Task<FaultResult> RunAsync(FaultRow row, Func<OneMachine, Subscriber, Task<Strike>> strikeAsync)
    {
        await using OneMachine machine = await OneMachine.StartAsync(s_options);
        using MeteringClient client = await machine.NewClientAsync();
        DateTimeOffset start = new(DateTime.UtcNow.Date.AddDays(-8), TimeSpan.Zero);
        await PrepareAsync(client, start);
        Subscriber subscriber = new(client, start, Customers);
        using CancellationTokenSource stop = new();
        Task load = Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => subscriber.RunAsync(stop.Token)));
        Strike strike;
        long whole;
        try
        {
            strike = await strikeAsync(machine, subscriber);
            whole = Stopwatch.GetTimestamp();
        }
        finally
        {
            await stop.CancelAsync();
            await load;
        }

        await Eventually.TrueAsync(() => NothingIsDueAsync(client), "nothing is due any more");
        TimeSpan recovery = Stopwatch.GetElapsedTime(whole);
        List<JsonElement> invoices = await AllAsync(client, "/v1/invoices");
        List<string> billed = [.. invoices.Select(one => one.GetProperty("customer").GetString()!)];
        return new FaultResult(
            row, strike.Runs, subscriber.Subscribed.Count, subscriber.InDoubt, subscriber.Subscribed.Except(billed).Count(), billed.Count - billed.Distinct().Count(), recovery,
            await DifferenceAsync(machine, client, invoices), $"{billed.Count:N0} invoices, numbers without gaps, each the same when computed again; the ledger sums to zero");
    }

    private static async Task PrepareAsync(MeteringClient client, DateTimeOffset start)
    {
        await client.CreateMeterAsync(new TestMeter("calls", "SUM", "call", "calls"));
        string at = start.AddDays(3).UtcDateTime.ToString("O");
        foreach (int[] some in Enumerable.Range(0, Customers).Chunk(1000))
        {
            await client.IngestAsync($"[{string.Join(',', some.Select(n =>
                $$$"""{"id":"{{{n}}}","source":"test","type":"call","subject":"{{{Subscriber.Name(n)}}}","time":"{{{at}}}","data":{"calls":{{{n}}} }}"""))}]");
        }

        await client.SettleAsync();
        await client.SealNowAsync("call");
        await client.RequireAsync(HttpMethod.Put, "/v1/products/api", """{"name":"API"}""");
        await client.RequireAsync(HttpMethod.Put, "/v1/price-books/standard/draft", $$$"""
            {"currency":"USD","effective_from":"2020-01-01T00:00:00Z","plans":[{"key":"weekly","product":"api","phases":[{"key":"main","components":[
              {"key":"base","interval":{"unit":"week","count":1},"price":{"model":"flat","amount":"{{{Fee}}}"}},
              {"key":"calls","meter":"calls","interval":{"unit":"week","count":1},"price":{"model":"per_unit","unit":"1"}}]}]}]}
            """);
        await client.RequireAsync(HttpMethod.Post, "/v1/price-books/standard/versions/1/publish", "");
    }

    private static async Task<bool> NothingIsDueAsync(MeteringClient client)
    {
        using HttpResponseMessage response = await client.SendAsync(HttpMethod.Get, "/v1/billing-runs/due");
        if (!response.IsSuccessStatusCode)
        {
            return false;
        }

        JsonElement due = JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync());
        return due.GetProperty("due").GetInt64() + due.GetProperty("waiting").GetInt64() == 0;
    }

    private static async Task<List<JsonElement>> AllAsync(MeteringClient client, string path)
    {
        List<JsonElement> all = [];
        for (string? cursor = ""; cursor is not null;)
        {
            JsonElement page = await client.RequireAsync(HttpMethod.Get, $"{path}?limit=1000{(cursor.Length > 0 ? $"&cursor={Uri.EscapeDataString(cursor)}" : "")}");
            all.AddRange(page.GetProperty("items").EnumerateArray());
            cursor = page.GetProperty("next_cursor").GetString();
        }

        return all;
    }

    private static async Task<string?> DifferenceAsync(OneMachine machine, MeteringClient client, List<JsonElement> invoices)
    {
        try
        {
            Assert.All(invoices, one => Assert.Equal(
                string.Create(CultureInfo.InvariantCulture, $"open {(2 * Fee) + Subscriber.Number(one.GetProperty("customer").GetString()!)}.00"),
                $"{one.GetProperty("state").GetString()} {one.GetProperty("total").GetString()}"));
            Assert.Equal(
                Enumerable.Range(1, invoices.Count).Select(n => string.Create(CultureInfo.InvariantCulture, $"INV-{n:D6}")),
                invoices.Select(one => one.GetProperty("number").GetString()).Order(StringComparer.Ordinal));
            JsonElement balance = (await client.RequireAsync(HttpMethod.Get, "/v1/ledger/trial-balance")).GetProperty("currencies")[0];
            Assert.Equal(balance.GetProperty("debit").GetString(), balance.GetProperty("credit").GetString());
            (int exitCode, string output, string errors) = await MeteringProcess.RunAsync("invoices", "verify", "--all", "--server", machine.Process.Http);
            Assert.True(exitCode == 0, output + errors);
            Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"{invoices.Count:N0} the same"), output, StringComparison.Ordinal);
            return null;
        }
        catch (XunitException different)
        {
            return different.Message.ReplaceLineEndings(" ");
        }
    }
}
