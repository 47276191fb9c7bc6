using System.Globalization;
using System.Numerics;
using CsCheck;
using Xunit;

namespace Metering.Billing.Tests.Numbers;

public class FractionTests
{
    /// <summary>Plain numbers, thirds and sevenths, and values past 128 bits.</summary>
    private static readonly Gen<Fraction> s_any = Gen.OneOf(
        Gen.Select(Gen.Long[-100_000, 100_000], Gen.Int[0, 12]).Select((units, scale) => Fraction.OfUnits(units, scale)),
        Gen.Select(Gen.Long, Gen.Int[0, 36]).Select((units, scale) => Fraction.OfUnits(units, scale)),
        Gen.Select(Gen.Long, Gen.Long, Gen.Int[0, 36]).Select((high, low, scale) => Fraction.OfUnits(((Int128)high << 63) + low, scale)),
        Gen.Select(Gen.Int, Gen.Int[1, 99]).Select((numerator, denominator) => Fraction.Of(numerator, denominator)),
        Gen.Select(Gen.Long, Gen.Long, Gen.ULong).Select((a, b, c) => Fraction.Of((BigInteger)a * b, (BigInteger)c + 1)));

    [Theory]
    [InlineData("0", "0")]
    [InlineData("-0", "0")]
    [InlineData("007", "7")]
    [InlineData("12.50", "12.5")]
    [InlineData("-0.000000000001", "-0.000000000001")]
    [InlineData("1000000000000000000000000000.000000000001", "1000000000000000000000000000.000000000001")]
    [InlineData("99999999999999999999999999999999999999999999.5", "99999999999999999999999999999999999999999999.5")]
    public void Plain_text_is_read_and_written_exactly(string text, string expected)
    {
        Assert.True(Fraction.TryParse(text, out Fraction value));
        Assert.Equal(expected, value.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("+1")]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("1e3")]
    [InlineData(" 1")]
    [InlineData("1,5")]
    [InlineData("--1")]
    [InlineData("NaN")]
    [InlineData("٣")]
    [InlineData("1/2")]
    [InlineData("0.0000000000001")]
    [InlineData("1.0000000000000")]
    public void Anything_else_is_refused(string text) => Assert.False(Fraction.TryParse(text, out _));

    [Fact]
    public void A_text_of_more_than_100_characters_is_refused()
    {
        Assert.True(Fraction.TryParse(new string('9', 100), out _));
        Assert.False(Fraction.TryParse(new string('9', 101), out _));
    }

    [Theory]
    [InlineData("15/31", "15/31", "15/31")]
    [InlineData("2/4", "0.5", "1/2")]
    [InlineData("31/31", "1", "1")]
    [InlineData("0/31", "0", "0")]
    [InlineData("0.5", "0.5", "1/2")]
    [InlineData("1.5/4.5", "1/3", "1/3")]
    [InlineData("-1/3", "-1/3", "-1/3")]
    [InlineData("1/1024", "0.0009765625", "1/1024")]
    public void A_share_is_a_number_or_two(string text, string exact, string share)
    {
        Fraction value = Fraction.Parse(text);
        Assert.Equal(exact, value.ToString());
        Assert.Equal(share, value.ToShareText());
    }

    [Theory]
    [InlineData("1/0")]
    [InlineData("1/-2")]
    [InlineData("1/2/3")]
    [InlineData("/2")]
    public void A_share_with_another_denominator_is_refused(string text) => Assert.False(Fraction.TryParseShare(text, out _));

    [Fact]
    public void A_denominator_of_many_twos_still_terminates() =>
        Assert.Equal("0." + (BigInteger.Pow(5, 50)).ToString(CultureInfo.InvariantCulture).PadLeft(50, '0'), Fraction.Of(1, BigInteger.Pow(2, 50)).ToString());

    //                          towards:   half away, half even, half up (+∞), up (+∞), down (−∞)
    [Theory]
    [InlineData("2.5", 0, "3", "2", "3", "3", "2")]
    [InlineData("-2.5", 0, "-3", "-2", "-2", "-2", "-3")]
    [InlineData("3.5", 0, "4", "4", "4", "4", "3")]
    [InlineData("-3.5", 0, "-4", "-4", "-3", "-3", "-4")]
    [InlineData("2.4", 0, "2", "2", "2", "3", "2")]
    [InlineData("-2.6", 0, "-3", "-3", "-3", "-2", "-3")]
    [InlineData("-0.4", 0, "0", "0", "0", "0", "-1")]
    [InlineData("0.125", 2, "0.13", "0.12", "0.13", "0.13", "0.12")]
    [InlineData("7", 2, "7", "7", "7", "7", "7")]
    [InlineData("1500", -3, "2000", "2000", "2000", "2000", "1000")]
    [InlineData("2500", -3, "3000", "2000", "3000", "3000", "2000")]
    [InlineData("-1500", -3, "-2000", "-2000", "-1000", "-1000", "-2000")]
    [InlineData("1", -40, "0", "0", "0", "10000000000000000000000000000000000000000", "0")]
    [InlineData("1/3", 2, "0.33", "0.33", "0.33", "0.34", "0.33")]
    [InlineData("-1/3", 2, "-0.33", "-0.33", "-0.33", "-0.33", "-0.34")]
    [InlineData("20/3", -1, "10", "10", "10", "10", "0")]
    public void Each_mode_rounds_its_way(string text, int places, params string[] expected) =>
        Assert.Equal(expected, Enum.GetValues<RoundingMode>().Select(mode => Fraction.Parse(text).RoundTo(places, mode).ToString()));

    [Fact]
    public void Arithmetic_agrees_with_whole_numbers_over_one_denominator() => Gen.Select(s_any, s_any).Sample((a, b) =>
    {
        ((BigInteger n, BigInteger d), (BigInteger m, BigInteger e)) = (a.LowestTerms, b.LowestTerms);
        Assert.Equal(Fraction.Of((n * e) + (m * d), d * e), a + b);
        Assert.Equal(Fraction.Of((n * e) - (m * d), d * e), a - b);
        Assert.Equal(Fraction.Of(n * m, d * e), a * b);
        Assert.Equal((n * e).CompareTo(m * d), a.CompareTo(b));
        Assert.Equal((n * e).CompareTo(m * d) == 0, a == b);
        if (!b.IsZero)
        {
            Assert.Equal(Fraction.Of(n * e, d * m), a / b);
            Assert.Equal((a / b).RoundTo(0, RoundingMode.Up), a.DivideToWhole(b, RoundingMode.Up));
            Assert.Equal((a / b).RoundTo(0, RoundingMode.Down), a.DivideToWhole(b, RoundingMode.Down));
        }
    });

    [Fact]
    public void Rounding_is_the_nearest_multiple_in_the_direction_of_the_mode() => Gen.Select(s_any, Gen.Int[-20, 20]).Sample((value, places) =>
    {
        Fraction step = places >= 0 ? Fraction.Of(1, BigInteger.Pow(10, places)) : Fraction.Of(BigInteger.Pow(10, -places), 1);
        foreach (RoundingMode mode in Enum.GetValues<RoundingMode>())
        {
            Fraction rounded = value.RoundTo(places, mode);
            Fraction off = rounded - value;
            Assert.True((rounded / step).IsInteger);
            Assert.True(mode switch
            {
                RoundingMode.Up => off.Sign >= 0 && off < step,
                RoundingMode.Down => off.Sign <= 0 && -off < step,
                RoundingMode.HalfUp => off * 2 <= step && off * 2 > -step,
                RoundingMode.HalfAwayFromZero => off * 2 * value.Sign <= step && off * 2 * value.Sign > -step,
                RoundingMode.HalfEven => off * 2 <= step && off * 2 >= -step,
            });
        }
    });

    [Fact]
    public void Equal_values_have_equal_hashes_and_texts_whichever_way_they_were_computed() => Gen.Select(s_any, s_any).Sample((a, b) =>
    {
        Fraction back = a + b - b;
        Assert.Equal(a, back);
        Assert.Equal(a.GetHashCode(), back.GetHashCode());
        Assert.Equal(a.ToString(), back.ToString());
        Assert.Equal(a, Fraction.Of(a.LowestTerms.Numerator, a.LowestTerms.Denominator));
    });

    [Fact]
    public void Nothing_divides_by_zero()
    {
        Assert.Throws<DivideByZeroException>(() => Fraction.One / Fraction.Zero);
        Assert.Throws<DivideByZeroException>(() => Fraction.One.DivideToWhole(Fraction.Zero, RoundingMode.Up));
        Assert.Throws<DivideByZeroException>(() => Fraction.Of(1, 0));
    }
}
