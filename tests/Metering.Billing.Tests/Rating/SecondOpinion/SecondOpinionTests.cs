using System.Globalization;
using System.Text.Json;
using Metering.Billing.Tests.Calculator;
using Xunit;

namespace Metering.Billing.Tests.Rating.SecondOpinion;

/// <summary>
/// The calculator against <see cref="SlowRater"/> on random cases, a million of them with METERING_TEST_CASES=20. METERING_RATING_SEED sets where they begin; a failure names its
/// seed and case.
/// </summary>
public class SecondOpinionTests
{
    private const int Batch = 1000;

    [Fact]
    public void Two_implementations_that_share_no_code_agree()
    {
        int count = CaseCount.Of(50_000);
        int first = Environment.GetEnvironmentVariable("METERING_RATING_SEED") is { Length: > 0 } seed ? int.Parse(seed, CultureInfo.InvariantCulture) : 1;
        Dictionary<string, int> models = [];
        int overflows = 0;
        for (int start = first; start < first + count; start += Batch)
        {
            PlainCase[] cases = [.. Enumerable.Range(start, Math.Min(Batch, first + count - start)).Select(number => new CaseMaker(number).Make())];
            JsonElement answer = Calculate.Answer("{\"cases\":[" + string.Join(",", cases.Select(one => one.ToJson())) + "]}");
            for (int i = 0; i < cases.Length; i++)
            {
                string expected = new SlowRater(cases[i]).Answer() ?? "the result is beyond what an amount can hold";
                string actual = Describe(answer.GetProperty("results")[i]);
                Assert.True(expected == actual, $"Seed {start + i}\n{cases[i].ToJson()}\nexpected {expected}\nactual   {actual}");
                models[cases[i].Component.Model] = models.GetValueOrDefault(cases[i].Component.Model) + 1;
                overflows += actual.StartsWith("the result", StringComparison.Ordinal) ? 1 : 0;
            }
        }

        // The cases are worth something: all models are among them, and few end in an overflow.
        Assert.Equal(10, models.Count);
        Assert.InRange(overflows, 0, count / 10);
    }

    private static string Describe(JsonElement result)
    {
        if (result.TryGetProperty("problem", out JsonElement problem))
        {
            return problem.GetString()!;
        }

        IEnumerable<string> lines = result.GetProperty("lines").EnumerateArray().Select(line => $"{line.Text("kind")}[{Cell(line)}] {line.Text("amount")} {line.Text("exact")}");
        return $"{result.Text("amount")} {result.Text("amount_exact")} total {result.Text("total.amount")} {result.Text("total.exact")} already {result.Text("already.amount")} "
            + $"billable {result.Text("billable_quantity")} before {result.Text("billable_quantity_before")} {string.Join(" ", lines)}";
    }

    private static string Cell(JsonElement line) => string.Join(",", line.GetProperty("cell").EnumerateObject().Select(one => $"{one.Name}={one.Value}"));
}
