using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Metering.Contracts;

/// <summary>
/// An exact decimal with 12 places, as ClickHouse's <c>Decimal(38, 12)</c>: an integer count of 10⁻¹². Arithmetic is checked. A single
/// event's value is below <see cref="MaxEventValue"/>; sums may be as large as the column holds.
/// </summary>
public readonly record struct Quantity(Int128 Unscaled) : IComparable<Quantity>
{
    public const int Scale = 12;

    /// <summary>Bytes of the binary form: a little-endian two's complement Int128, as RowBinary has it.</summary>
    public const int Size = 16;

    private static readonly Int128 s_one = (Int128)1_000_000_000_000;
    private static readonly Int128 s_columnLimit = Int128.Parse("100000000000000000000000000000000000000", CultureInfo.InvariantCulture);

    public static Quantity Zero => default;

    /// <summary>One event's value must be smaller than this in magnitude: 10¹⁵, in units of 10⁻¹².</summary>
    public static Int128 MaxEventValue { get; } = s_one * 1_000_000_000_000_000;

    public static Quantity FromInt64(long value) => new(value * s_one);

    /// <exception cref="OverflowException">The result does not fit <c>Decimal(38, 12)</c>.</exception>
    public static Quantity operator +(Quantity left, Quantity right) => Checked(checked(left.Unscaled + right.Unscaled));

    /// <inheritdoc cref="operator +(Quantity, Quantity)"/>
    public static Quantity operator -(Quantity left, Quantity right) => Checked(checked(left.Unscaled - right.Unscaled));

    public static Quantity operator -(Quantity value) => new(-value.Unscaled);

    public static bool operator <(Quantity left, Quantity right) => left.Unscaled < right.Unscaled;

    public static bool operator >(Quantity left, Quantity right) => left.Unscaled > right.Unscaled;

    public static bool operator <=(Quantity left, Quantity right) => left.Unscaled <= right.Unscaled;

    public static bool operator >=(Quantity left, Quantity right) => left.Unscaled >= right.Unscaled;

    /// <summary>This divided by a count, to 12 places, half to even.</summary>
    public Quantity DivideBy(long count)
    {
        (Int128 quotient, Int128 remainder) = Int128.DivRem(Unscaled, count);
        Int128 twice = Int128.Abs(remainder) * 2;
        Int128 divisor = Int128.Abs(count);
        bool up = twice > divisor || (twice == divisor && Int128.IsOddInteger(quotient));
        int sign = Int128.Sign(Unscaled) * Math.Sign(count);
        return new Quantity(up ? quotient + sign : quotient);
    }

    public int CompareTo(Quantity other) => Unscaled.CompareTo(other.Unscaled);

    public void Write(Span<byte> destination) => BinaryPrimitives.WriteInt128LittleEndian(destination, Unscaled);

    public static Quantity Read(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadInt128LittleEndian(source));

    /// <summary>Shortest exact text: no exponent, no trailing zeros.</summary>
    public override string ToString()
    {
        UInt128 magnitude = (UInt128)Int128.Abs(Unscaled);
        (UInt128 whole, UInt128 fraction) = UInt128.DivRem(magnitude, (UInt128)s_one);
        StringBuilder text = new();
        text.Append(Unscaled < 0 ? "-" : "").Append(CultureInfo.InvariantCulture, $"{whole}");
        if (fraction != 0)
        {
            text.Append('.').Append(((ulong)fraction).ToString("D12", CultureInfo.InvariantCulture).TrimEnd('0'));
        }

        return text.ToString();
    }

    /// <summary>Reads text written by <see cref="ToString"/> or by ClickHouse.</summary>
    /// <exception cref="FormatException">Not a number that fits.</exception>
    public static Quantity Parse(string text)
    {
        int dot = text.IndexOf('.', StringComparison.Ordinal);
        string digits = dot < 0 ? text : text.Remove(dot, 1);
        int places = dot < 0 ? 0 : text.Length - dot - 1;
        if (places > Scale)
        {
            throw new FormatException($"'{text}' has more than {Scale} decimal places.");
        }

        return new Quantity(Int128.Parse(digits + new string('0', Scale - places), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
    }

    private static Quantity Checked(Int128 unscaled) =>
        Int128.Abs(unscaled) < s_columnLimit ? new Quantity(unscaled) : throw new OverflowException("A quantity is beyond 10²⁶.");
}
