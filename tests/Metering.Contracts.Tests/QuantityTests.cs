using System.Globalization;
using System.Numerics;
using System.Text;
using CsCheck;
using Xunit;

namespace Metering.Contracts.Tests;

public class QuantityTests
{
    /// <summary>Numbers of up to 40 digits, small ones as likely as large ones.</summary>
    private static readonly Gen<BigInteger> s_digits =
        Gen.Select(Gen.ULong, Gen.ULong, Gen.Int[0, 128]).Select((high, low, shift) => (((BigInteger)high << 64) + low) >> shift);

    [Theory]
    [InlineData("0", "0", QuantityStatus.Exact)]
    [InlineData("-0", "0", QuantityStatus.Exact)]
    [InlineData("1e3", "1000", QuantityStatus.Exact)]
    [InlineData("1.50", "1.5", QuantityStatus.Exact)]
    [InlineData("+12", "12", QuantityStatus.Exact)]
    [InlineData("0.30000000000000004", "0.3", QuantityStatus.Rounded)]
    [InlineData("0.0000000000005", "0", QuantityStatus.Rounded)]
    [InlineData("0.0000000000015", "0.000000000002", QuantityStatus.Rounded)]
    [InlineData("0.00000000000050000000000000000000000000000000000001", "0.000000000001", QuantityStatus.Rounded)]
    [InlineData("999999999999999.999999999999", "999999999999999.999999999999", QuantityStatus.Exact)]
    [InlineData("-999999999999999.999999999999", "-999999999999999.999999999999", QuantityStatus.Exact)]
    [InlineData("999999999999999.9999999999995", "0", QuantityStatus.OutOfRange)]
    [InlineData("1e15", "0", QuantityStatus.OutOfRange)]
    [InlineData("1e26", "0", QuantityStatus.OutOfRange)]
    [InlineData("1e400", "0", QuantityStatus.OutOfRange)]
    [InlineData("1e-400", "0", QuantityStatus.Rounded)]
    [InlineData("1e999999999999", "0", QuantityStatus.OutOfRange)]
    [InlineData("0e999999999999", "0", QuantityStatus.Exact)]
    [InlineData("100000000000000000000000000000000000e-30", "100000", QuantityStatus.Exact)]
    [InlineData("", "0", QuantityStatus.NotANumber)]
    [InlineData("-", "0", QuantityStatus.NotANumber)]
    [InlineData("1.", "0", QuantityStatus.NotANumber)]
    [InlineData("1e", "0", QuantityStatus.NotANumber)]
    [InlineData(" 1", "0", QuantityStatus.NotANumber)]
    [InlineData("0x10", "0", QuantityStatus.NotANumber)]
    [InlineData("NaN", "0", QuantityStatus.NaN)]
    [InlineData("-Inf", "0", QuantityStatus.Infinity)]
    [InlineData("Infinity", "0", QuantityStatus.Infinity)]
    public void Texts_are_read_exactly_and_rounded_once(string text, string expected, QuantityStatus status)
    {
        Assert.Equal(status, QuantityText.TryParse(Encoding.UTF8.GetBytes(text), out Quantity value));
        Assert.Equal(expected, value.ToString());
    }

    [Fact]
    public void Any_decimal_text_agrees_with_rational_arithmetic() =>
        Gen.Select(Gen.Bool, s_digits, Gen.Int[0, 30], Gen.Int[-20, 20]).Sample((negative, digits, places, exponent) =>
        {
            string all = BigInteger.Abs(digits).ToString(CultureInfo.InvariantCulture).PadLeft(places + 1, '0');
            string text = (negative ? "-" : "") + all[..^places] + (places > 0 ? "." + all[^places..] : "") + (exponent != 0 ? $"e{exponent}" : "");
            QuantityStatus status = QuantityText.TryParse(Encoding.UTF8.GetBytes(text), out Quantity value);

            BigInteger magnitude = BigInteger.Abs(digits);
            int shift = exponent - places + Quantity.Scale;
            BigInteger divisor = shift < 0 ? BigInteger.Pow(10, -shift) : 1;
            BigInteger scaled = shift > 0 ? magnitude * BigInteger.Pow(10, shift) : magnitude;
            BigInteger expected = BigInteger.DivRem(scaled, divisor, out BigInteger rest);
            expected += rest * 2 > divisor || (rest * 2 == divisor && !expected.IsEven) ? 1 : 0;
            if (expected >= BigInteger.Pow(10, 27))
            {
                return status == QuantityStatus.OutOfRange;
            }

            return (BigInteger)value.Unscaled == (negative ? -expected : expected)
                && status == (rest.IsZero ? QuantityStatus.Exact : QuantityStatus.Rounded);
        });

    [Fact]
    public void Text_round_trips() =>
        Gen.Long.Select(Gen.Long).Sample((high, low) =>
        {
            Quantity value = new(((Int128)high << 40) + low);
            return Quantity.Parse(value.ToString()) == value;
        });

    [Theory]
    [InlineData("10", 4, "2.5")]
    [InlineData("1", 3, "0.333333333333")]
    [InlineData("2", 3, "0.666666666667")]
    [InlineData("0.000000000001", 2, "0")]
    [InlineData("0.000000000003", 2, "0.000000000002")]
    [InlineData("-0.000000000003", 2, "-0.000000000002")]
    public void Averages_are_rounded_half_to_even(string sum, long count, string expected) =>
        Assert.Equal(expected, Quantity.Parse(sum).DivideBy(count).ToString());

    [Fact]
    public void A_sum_beyond_the_column_throws_instead_of_wrapping()
    {
        Quantity most = Quantity.Parse("99999999999999999999999999.999999999999");
        Assert.Throws<OverflowException>(() => most + Quantity.Parse("0.000000000001"));
    }
}
