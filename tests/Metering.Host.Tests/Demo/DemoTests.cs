using System.Text;
using System.Text.RegularExpressions;
using Metering.Host.Demo;
using Metering.Host.Tests.Support;
using Xunit;

namespace Metering.Host.Tests.Demo;

public sealed class DemoTests
{
    private static readonly DateTimeOffset s_from = new(2024, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task The_whole_demo_ends_exact()
    {
        CommandRun run = await CommandRun.RunAsync("demo", "--once", "--events", "3000", "--seed", "3");

        Assert.True(run.ExitCode == 0, run.Out + run.Error);
        Assert.Contains("exact  Audit:", run.Out, StringComparison.Ordinal);
        Assert.Contains("exact  Expectation: 3,150 distinct events", run.Out, StringComparison.Ordinal); // 3,000 − the voided one; 50 requests of last month; what is late for its invoice
        Assert.Contains(" late ", run.Out, StringComparison.Ordinal);
        Assert.Contains("conflict", run.Out, StringComparison.Ordinal);
        Assert.Matches(@"acme +llama-70b +\d+ × 0\.0000006 \+ \d+ × 0\.0000018 +\d+\.\d\d +\d+ × 0\.0000009 ", run.Out);
        Assert.Matches(@"\n +all +all +\d+\.\d\d +\d+\.\d\d +-?\d+\.\d\d", run.Out);
        Assert.Equal(DemoWorld.Customers.Count, Regex.Count(run.Out, @"INV-\d{6} "));
        Assert.Matches(@"gpt-4o +\d+\.\d\d by all that is known now, \d+\.\d\d issued +\d+\.\d\d +a line of the next invoice", run.Out);
        Assert.Contains("exact  Ledger:", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_seed_decides_everything_and_another_is_another()
    {
        Assert.Equal(Text(Plan(1)), Text(Plan(1)));
        Assert.NotEqual(Text(Plan(1)), Text(Plan(2)));
    }

    [Fact]
    public void The_expectation_is_the_distinct_good_lines_added_up_with_corrections()
    {
        DemoPlan plan = Plan(5);

        // All token events, less the voided one; the amended one counts once, in its last version. Last month has a request for every twenty, and one event that is late for its invoice.
        Assert.Equal(6000 - 1 + (3 * 100) + 1, plan.Expectation.Events);
        Assert.Equal(2000 + 100, plan.Expectation.Requests.Values.Sum());
        Assert.Equal(3 * 100, plan.Month.Count);
        Assert.InRange(plan.Duplicates, 10, 80);
        Assert.InRange(plan.LateEvents, 10, 200);
    }

    [Fact]
    public void An_answer_that_is_off_by_one_is_found()
    {
        DemoPlan plan = Plan(1);
        DemoAnswers right = Answers(plan.Expectation, by: 0);
        DemoAnswers wrong = Answers(plan.Expectation, by: 1);

        Assert.Empty(right.Differences(plan.Expectation));
        Assert.NotEmpty(wrong.Differences(plan.Expectation));
    }

    private static DemoPlan Plan(int seed) => DemoPlan.Create(seed, 6000, s_from, s_from.AddMinutes(5), s_from.AddMinutes(1));

    private static string Text(DemoPlan plan) => string.Join('\n', plan.OnTime.Concat(plan.Late).Select(Encoding.UTF8.GetString));

    private static DemoAnswers Answers(DemoExpectation expected, decimal by) => new()
    {
        Tokens = expected.Tokens.ToDictionary(entry => entry.Key, entry => entry.Value + by),
        Requests = expected.Requests,
        SlowestByModel = expected.SlowestByModel,
        ModelsByCustomer = expected.ModelsByCustomer.ToDictionary(entry => entry.Key, entry => (decimal)entry.Value.Count),
    };
}
