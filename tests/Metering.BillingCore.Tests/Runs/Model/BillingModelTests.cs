using System.Globalization;
using Metering.Billing.Tests;
using Metering.Billing.Tests.Runs.Life;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Runs.Model;

/// <summary>
/// Random lives of subscriptions over two years through the billing role and its databases, against what the rules say they owe and who owes what after it: every invoice and every balance,
/// to the cent, after every command. A seed is all that a failure needs: METERING_MODEL_SEED runs it alone.
/// </summary>
public sealed class BillingModelTests(Engines engines)
{
    [Theory]
    [InlineData((int)Ways.None, 2)]
    [InlineData((int)Ways.All, 6)]
    public async Task Every_invoice_and_balance_is_what_the_rules_say_after_every_command(int ways, int histories)
    {
        string? only = Environment.GetEnvironmentVariable("METERING_MODEL_SEED");
        int[] seeds = only is { Length: > 0 } ? [int.Parse(only, CultureInfo.InvariantCulture)] : [.. Enumerable.Range(0, CaseCount.Of(histories))];
        List<string> failures = [];
        foreach (int[] some in seeds.Chunk(ModelWorld.MaxHistories))
        {
            await using ModelWorld world = await ModelWorld.OpenAsync(engines);
            foreach (int seed in some)
            {
                failures.AddRange(await LiveAsync(world, seed, (Ways)ways) is { } failure ? [failure] : []);
            }
        }

        Assert.True(failures.Count == 0, $"{failures.Count} of {seeds.Length} histories:\n{string.Join("\n\n", failures)}");
    }

    /// <returns>Null when all is well.</returns>
    private static async Task<string?> LiveAsync(ModelWorld world, int seed, Ways ways)
    {
        using ModelHistory history = new(world, seed, ways);
        try
        {
            await history.LiveAsync();
            return null;
        }
        catch (Exception failure)
        {
            return $"METERING_MODEL_SEED={seed} of {ways}:\n{history.Log}{failure.Message}\n{failure.StackTrace}";
        }
    }
}
