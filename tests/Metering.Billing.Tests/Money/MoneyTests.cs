using CsCheck;
using Xunit;

namespace Metering.Billing.Tests.Amounts;

public class MoneyTests
{
    private static readonly Currency s_usd = Currency.Of("USD");

    [Theory]
    [InlineData("USD", "0.005", "0.01")]
    [InlineData("USD", "-0.005", "-0.01")]
    [InlineData("USD", "0.0049", "0.00")]
    [InlineData("USD", "1000000", "1000000.00")]
    [InlineData("JPY", "0.5", "1")]
    [InlineData("JPY", "-1.5", "-2")]
    [InlineData("KWD", "0.0005", "0.001")]
    [InlineData("KWD", "2", "2.000")]
    [InlineData("USD", "1/3", "0.33")]
    [InlineData("USD", "92233720368547758.07", "92233720368547758.07")]
    [InlineData("USD", "-92233720368547758.08", "-92233720368547758.08")]
    public void An_exact_value_is_rounded_once_half_away_from_zero(string currency, string exact, string expected) =>
        Assert.Equal(expected, Money.Round(Fraction.Parse(exact), Currency.Of(currency)).ToString());

    [Theory]
    [InlineData("92233720368547758.075")]
    [InlineData("1000000000000000000000000000")]
    [InlineData("-100000000000000000000000000000000000000000000000000")]
    public void More_than_a_long_holds_throws_instead_of_wrapping(string exact) =>
        Assert.Throws<OverflowException>(() => Money.Round(Fraction.Parse(exact), s_usd));

    [Fact]
    public void Sums_are_checked_and_currencies_never_mix()
    {
        Assert.Throws<OverflowException>(() => new Money(long.MaxValue, s_usd) + new Money(1, s_usd));
        Assert.Throws<OverflowException>(() => -new Money(long.MinValue, s_usd));
        Assert.Throws<InvalidOperationException>(() => new Money(1, s_usd) + new Money(1, Currency.Of("EUR")));
        Assert.Throws<InvalidOperationException>(() => new Money(1, s_usd) < new Money(1, Currency.Of("EUR")));
    }

    [Fact]
    public void Currencies_are_those_of_iso_4217()
    {
        Assert.Equal([0, 2, 3], Currency.All.Select(one => one.Exponent).Distinct().Order());
        Assert.All(Currency.All, one => Assert.Matches("^[A-Z]{3}$", one.Code));
        Assert.Equal((16, 7), (Currency.All.Count(one => one.Exponent == 0), Currency.All.Count(one => one.Exponent == 3)));
        Assert.Null(Currency.Find("usd"));
        Assert.Null(Currency.Find("XXX"));
        Assert.Same(Currency.Of("EUR"), Currency.Find("EUR"));
    }

    // 100 over 1:1:1 is 33⅓ each: 33 + 33 + 33, one unit is left and goes to the first.
    // 7 over 1:2:3 is 1.1667, 2.3333, 3.5: 1 + 2 + 3, one is left, the third lost most.
    // 5 over 0:1 gives nothing to a weight of zero.
    [Theory]
    [InlineData(100, new long[] { 1, 1, 1 }, new long[] { 34, 33, 33 })]
    [InlineData(-100, new long[] { 1, 1, 1 }, new long[] { -34, -33, -33 })]
    [InlineData(7, new long[] { 1, 2, 3 }, new long[] { 1, 2, 4 })]
    [InlineData(5, new long[] { 0, 1 }, new long[] { 0, 5 })]
    [InlineData(0, new long[] { 3, 4 }, new long[] { 0, 0 })]
    public void An_amount_is_allocated_by_largest_remainder(long amount, long[] weights, long[] expected) =>
        Assert.Equal(expected, new Money(amount, s_usd).Allocate(weights).Select(part => part.MinorUnits));

    [Fact]
    public void Parts_sum_to_the_whole_and_mirror_its_sign_and_are_less_than_a_unit_off() =>
        Gen.Select(Gen.Long, Gen.Long[0, long.MaxValue].Array[1, 12]).Where((_, weights) => weights.Any(weight => weight > 0)).Sample((amount, weights) =>
        {
            amount = Math.Max(amount, -long.MaxValue);
            Money[] parts = new Money(amount, s_usd).Allocate(weights);
            Assert.Equal(amount, parts.Aggregate((Int128)0, (sum, part) => sum + part.MinorUnits));
            Assert.Equal(parts.Select(part => -part.MinorUnits), new Money(-amount, s_usd).Allocate(weights).Select(part => part.MinorUnits));
            Int128 all = weights.Aggregate((Int128)0, (sum, weight) => sum + weight);
            Assert.All(parts.Zip(weights), pair => Assert.True(
                Math.Abs((double)pair.First.MinorUnits - ((double)amount * pair.Second / (double)all)) <= 1 + (1e-12 * Math.Abs((double)amount))));
        });

    // A tax of 20 % on 0.02 and −0.01 (units 2 and −1): exactly 0.4 and −0.2, together 0.2, which rounds to 0: nothing is left over.
    // On 4 and −1: 0.8 and −0.2, together 0.6 → 1: the unit goes to the part that lost most upwards.
    [Theory]
    [InlineData(0, new[] { "0.4", "-0.2" }, new long[] { 0, 0 })]
    [InlineData(1, new[] { "0.8", "-0.2" }, new long[] { 1, 0 })]
    [InlineData(-1, new[] { "-0.8", "0.2" }, new long[] { -1, 0 })]
    [InlineData(0, new[] { "20", "-20" }, new long[] { 20, -20 })]
    public void Parts_of_either_sign_are_allocated_too(long total, string[] exact, long[] expected) =>
        Assert.Equal(expected, LargestRemainder.Share(total, [.. exact.Select(Fraction.Parse)]));

    [Fact]
    public void A_total_that_is_no_rounding_of_the_parts_is_refused() =>
        Assert.Throws<ArgumentException>(() => LargestRemainder.Share(5, [Fraction.One]));
}
