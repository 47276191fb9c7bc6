using System.Numerics;

namespace Metering.Billing;

/// <summary>Powers of ten, and 128-bit products that say when they do not fit.</summary>
internal static class Digits
{
    /// <summary>The largest power of ten that an <see cref="Int128"/> holds.</summary>
    public const int MaxPower = 38;

    private static readonly Int128[] s_powers = MakePowers();

    public static Int128 PowerOfTen(int exponent) => s_powers[exponent];

    public static BigInteger BigPowerOfTen(int exponent) => exponent <= MaxPower ? s_powers[exponent] : BigInteger.Pow(10, exponent);

    public static bool TryMultiply(Int128 left, Int128 right, out Int128 product)
    {
        if (IsLong(left) && IsLong(right))
        {
            product = Math.BigMul((long)left, (long)right);
            return true;
        }

        UInt128 a = Magnitude(left);
        UInt128 b = Magnitude(right);
        bool fits = TryMultiply(a, b, out UInt128 magnitude) && magnitude <= (UInt128)Int128.MaxValue;
        product = fits ? (Int128.IsNegative(left) != Int128.IsNegative(right) ? -(Int128)magnitude : (Int128)magnitude) : 0;
        return fits;
    }

    public static bool TryAdd(Int128 left, Int128 right, out Int128 sum)
    {
        sum = unchecked(left + right);
        return !Int128.IsNegative((left ^ sum) & (right ^ sum));
    }

    private static bool TryMultiply(UInt128 a, UInt128 b, out UInt128 product)
    {
        (ulong high, ulong low) = (Upper(a), (ulong)a);
        (ulong otherHigh, ulong otherLow) = (Upper(b), (ulong)b);
        product = Math.BigMul(low, otherLow);
        if (high != 0 && otherHigh != 0)
        {
            return false;
        }

        UInt128 middle = Math.BigMul(high, otherLow) + Math.BigMul(low, otherHigh); // one of them is zero
        UInt128 sum = unchecked(product + (middle << 64));
        bool fits = Upper(middle) == 0 && sum >= product;
        product = sum;
        return fits;
    }

    private static ulong Upper(UInt128 value) => (ulong)(value >> 64);

    private static UInt128 Magnitude(Int128 value) => (UInt128)(Int128.IsNegative(value) ? unchecked(-value) : value);

    private static bool IsLong(Int128 value) => value == (long)value;

    private static Int128[] MakePowers()
    {
        Int128[] powers = new Int128[MaxPower + 1];
        powers[0] = 1;
        for (int i = 1; i < powers.Length; i++)
        {
            powers[i] = powers[i - 1] * 10;
        }

        return powers;
    }
}
