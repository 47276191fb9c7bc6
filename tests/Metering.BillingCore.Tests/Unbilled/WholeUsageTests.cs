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
        (Fraction all, long events) = await world.AllAsync();
        Fraction billed = await world.BilledAsync();
        IReadOnlyList<JsonElement> rows = await world.UnbilledAsync("");
        Assert.Equal(all, billed + Sum(rows));
        Assert.True(billed.Sign > 0 && rows.Count > 0);
        Assert.True(rows.Sum(row => row.GetProperty("events").GetInt64()) < events);
        Assert.Equal(Sum(rows), Sum(await world.UnbilledAsync("&cells=true&limit=7")));
        Fraction byReason = Fraction.Zero;
        foreach (string reason in new[] { "no_customer", "no_subscription", "before_start", "after_end", "paused", "not_priced" })
        {
            byReason += Sum(await world.UnbilledAsync($"&limit=3&reason={reason}"));
        }

        Assert.Equal(Sum(rows), byReason);
    }

    private static Fraction Sum(IEnumerable<JsonElement> rows) => rows.Aggregate(Fraction.Zero, (sum, row) => sum + Fraction.Parse(row.GetProperty("quantity").GetString()!));
}
