using Metering.Billing.Customers;
using Xunit;

namespace Metering.Billing.Tests.Subscriptions;

/// <summary>Which time a change of a subject's mapping changes, by customer.</summary>
public class MappingDifferenceTests
{
    [Theory]
    [InlineData("", "a 1..", "a 1..")]                                  // a new one
    [InlineData("a 1..", "a 1..5", "a 5..")]                            // its end
    [InlineData("a 1..5", "a 1..9", "a 5..9")]                          // it lasts longer
    [InlineData("a 3..9", "a 1..9", "a 1..3")]                          // it began earlier
    [InlineData("a 1..9", "a 1..3, a 5..9", "a 3..5")]                  // a hole
    [InlineData("a 1..9", "a 3..5", "a 1..9")]                          // from the first instant that changes to the last
    [InlineData("a 1..", "a 1..5, b 5..", "a 5..; b 5..")]              // another customer's from then on
    [InlineData("a 1..5, a 5..9", "a 1..9", "")]                        // said otherwise
    public void Only_the_time_between_the_first_and_the_last_change_counts(string before, string after, string changed) =>
        Assert.Equal(changed, string.Join("; ", MappingDifference.Of(Times(before), Times(after)).OrderBy(one => one.Customer, StringComparer.Ordinal)
            .Select(one => $"{one.Customer} {one.From.Day}..{one.Until?.Day}")));

    private static MappedTime[] Times(string text) => [.. text.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(Time)];

    private static MappedTime Time(string text)
    {
        string[] days = text[2..].Split("..");
        return new MappedTime(text[..1], Day(days[0]), days[1].Length == 0 ? null : Day(days[1]));
    }

    private static DateTimeOffset Day(string day) => new(2026, 1, int.Parse(day, System.Globalization.CultureInfo.InvariantCulture), 0, 0, 0, TimeSpan.Zero);
}
