using System.Globalization;
using Metering.Billing.Ledger;
using Metering.Billing.Subscriptions;
using Metering.Billing.Tests.Rating.SecondOpinion;
using Metering.Billing.Tests.Runs.Model;
using Xunit;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>
/// Random lives of subscriptions to random plans, against what the rules say they owe (<see cref="Owed"/>) and who owes what after it (<see cref="LifeBooks"/>): every invoice and every
/// balance, to the cent, after every command. A seed is all that a failure needs: METERING_LIFE_SEED runs it alone.
/// </summary>
public sealed class LifeTests
{
    [Theory]
    [InlineData((int)Ways.None, 50)]
    [InlineData((int)Ways.Tax, 50)]
    [InlineData((int)Ways.Voids, 50)]
    [InlineData((int)(Ways.Tax | Ways.Voids), 50)]
    [InlineData((int)Ways.Discounts, 50)]
    [InlineData((int)Ways.Commitments, 50)]
    [InlineData((int)Ways.Intervals, 50)]
    [InlineData((int)Ways.Prices, 50)]
    [InlineData((int)Ways.Grants, 50)]
    [InlineData((int)(Ways.Grants | Ways.Tax | Ways.Voids), 100)]
    [InlineData((int)(Ways.WriteOffs | Ways.Tax), 50)]
    [InlineData((int)(Ways.Aggregations | Ways.Prices), 50)]
    [InlineData((int)Ways.All, 200)]
    [InlineData((int)Ways.Everything, 100)]
    public void Every_invoice_and_balance_is_what_the_rules_say_after_every_command(int ways, int histories)
    {
        string? only = Environment.GetEnvironmentVariable("METERING_LIFE_SEED");
        foreach (int seed in only is { Length: > 0 } ? [int.Parse(only, CultureInfo.InvariantCulture)] : Enumerable.Range(0, CaseCount.Of(histories)))
        {
            Life life = new(seed, (Ways)ways);
            try
            {
                life.Live();
            }
            catch (Exception failure)
            {
                Assert.Fail($"seed {seed} of {(Ways)ways}:\n{life.Log}{failure.Message}\n{failure.StackTrace}");
            }
        }
    }
}
