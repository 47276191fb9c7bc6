using System.Text.Json;
using Metering.Billing;
using Metering.BillingCore.Tests.Runs;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Unbilled;

public sealed class WholeUsageTests(Engines engines)
{
    /// <summary>Whatever the history: no usage is in neither, and none is in both.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Billed_usage_and_unbilled_usage_are_all_usage(int seed)
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        UnbilledWorld world = await UnbilledWorld.LiveAsync(seller, new Random(seed));
        ILookup<string, Fraction> billed = await world.BilledAsync();
        IReadOnlyList<JsonElement> rows = await world.UnbilledAsync("");
        foreach (string meter in new[] { "calls", "hits" })
        {
            (Fraction sum, _, long events) = await world.AllAsync(meter);
            Fraction unbilled = Sum(rows, meter);
            Assert.Equal(meter == "hits" ? events : sum, Sum(billed[meter]) + unbilled);
            Assert.True(unbilled.Sign > 0);
        }

        // The largest of two scopes is no sum: it is in one of them.
        Assert.Equal((await world.AllAsync("peak")).Largest, billed["peak"].Concat(rows.Where(row => Meter(row) == "peak").Select(Quantity)).Max());
        Assert.True(Sum(billed["calls"]).Sign > 0);
        Assert.Equal(Sum(rows, "calls"), Sum(await world.UnbilledAsync("&cells=true&limit=7"), "calls"));
        List<JsonElement> byReason = [];
        foreach (string reason in new[] { "no_customer", "no_subscription", "before_start", "after_end", "paused", "not_priced" })
        {
            byReason.AddRange(await world.UnbilledAsync($"&limit=3&reason={reason}"));
        }

        Assert.Equal(rows.Select(row => row.GetRawText()).Order(StringComparer.Ordinal), byReason.Select(row => row.GetRawText()).Order(StringComparer.Ordinal));
    }

    /// <summary>Its subjects, minutes, filter and cell are found again from what the invoice names.</summary>
    [Theory]
    [InlineData(7)]
    [InlineData(8)]
    public async Task Every_usage_line_agrees_with_what_is_found_of_its_events(int seed)
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        UnbilledWorld world = await UnbilledWorld.LiveAsync(seller, new Random(seed));
        string lines = await seller.ScalarAsync("select coalesce(json_agg(invoice || '/lines/' || n), '[]')::text from billing.invoice_line where kind = 'usage'");
        long events = 0;
        foreach (JsonElement line in JsonDocument.Parse(lines).RootElement.EnumerateArray())
        {
            Answered found = await seller.Host.SendAsync("GET", $"/v1/invoices/{line.GetString()}/events");
            Assert.True(found.Status == 200 && found.Json.GetProperty("agrees").GetBoolean(), found.Text);
            events += found.Json.GetProperty("counted").GetProperty("events").GetInt64();
        }

        events += (await world.UnbilledAsync("")).Sum(row => row.GetProperty("events").GetInt64());
        Assert.Equal((await world.AllAsync("calls")).Events + (await world.AllAsync("hits")).Events + (await world.AllAsync("peak")).Events, events);
    }

    private static Fraction Sum(IEnumerable<JsonElement> rows, string meter) => Sum(rows.Where(row => Meter(row) == meter).Select(Quantity));

    private static Fraction Sum(IEnumerable<Fraction> quantities) => quantities.Aggregate(Fraction.Zero, (sum, one) => sum + one);

    private static Fraction Quantity(JsonElement row) => Fraction.Parse(row.GetProperty("quantity").GetString()!);

    private static string Meter(JsonElement row) => row.GetProperty("meter").GetString()!;
}
