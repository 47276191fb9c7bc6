using System.Text.RegularExpressions;
using Xunit;

namespace Metering.Billing.Tests.Calculator;

/// <summary>The examples of the specification, computed: a block with a case, then a block with its answer.</summary>
public partial class PageExampleTests
{
    [Theory]
    [InlineData("periods.md", 3)]
    [InlineData("proration.md", 4)]
    public void Every_example_of_the_page_is_what_the_calculator_answers(string page, int count)
    {
        string[] blocks = [.. JsonBlock().Matches(Pages.Read(page)).Select(match => match.Groups[1].Value)];
        Assert.Equal(2 * count, blocks.Length);
        foreach (string[] example in blocks.Chunk(2))
        {
            string answer = page == "periods.md" ? TimeCalculators.OnePeriods(example[0]) : TimeCalculators.OneProrate(example[0]);
            Assert.Equal(TimeCalculators.Compact(example[1]), answer);
        }
    }

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex JsonBlock();
}
