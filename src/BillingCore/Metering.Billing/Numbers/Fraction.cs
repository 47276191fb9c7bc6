using System.Numerics;

namespace Metering.Billing;

/// <summary>
/// An exact rational number: every quantity, price and share between the request and <c>Money.Round</c>. A value that is a plain decimal of
/// modest size is kept as an integer count of 10⁻ˢ, so that the common case needs neither a greatest common divisor nor the heap; any other
/// value is a numerator and a denominator in lowest terms. Which of the two holds a value follows from the value alone.
/// </summary>
public readonly partial struct Fraction : IEquatable<Fraction>, IComparable<Fraction>
{
    private const int MaxScale = 36;

    private readonly Int128 _units;
    private readonly Ratio? _ratio;
    private readonly int _scale;

    private Fraction(Int128 units, int scale)
    {
        _units = units;
        _scale = scale;
    }

    private Fraction(Ratio ratio) => _ratio = ratio;

    public static Fraction Zero => default;

    public static Fraction One => new(1, 0);

    public static implicit operator Fraction(long value) => new(value, 0);

    public int Sign => _ratio is null ? Int128.Sign(_units) : _ratio.Numerator.Sign;

    public bool IsZero => Sign == 0;

    public bool IsInteger => _ratio is null ? _scale == 0 || _units % Digits.PowerOfTen(_scale) == 0 : _ratio.Denominator.IsOne;

    /// <summary>Numerator and denominator in lowest terms; the denominator is positive.</summary>
    public (BigInteger Numerator, BigInteger Denominator) LowestTerms
    {
        get
        {
            Ratio ratio = ToRatio();
            BigInteger common = BigInteger.GreatestCommonDivisor(ratio.Numerator, ratio.Denominator);
            return (ratio.Numerator / common, ratio.Denominator / common);
        }
    }

    /// <summary>units · 10⁻ˢᶜᵃˡᵉ, the scale 0 to 36.</summary>
    public static Fraction OfUnits(Int128 units, int scale)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(scale);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(scale, MaxScale);
        return units == Int128.MinValue ? Of(units, Digits.PowerOfTen(scale)) : new Fraction(units, scale);
    }

    /// <exception cref="DivideByZeroException">The denominator is zero.</exception>
    public static Fraction Of(BigInteger numerator, BigInteger denominator)
    {
        if (denominator.IsZero)
        {
            throw new DivideByZeroException();
        }

        BigInteger common = BigInteger.GreatestCommonDivisor(numerator, denominator);
        common = denominator.Sign < 0 ? -common : common;
        return InLowestTerms(numerator / common, denominator / common);
    }

    public static bool operator ==(Fraction left, Fraction right) => left.CompareTo(right) == 0;

    public static bool operator !=(Fraction left, Fraction right) => left.CompareTo(right) != 0;

    public static bool operator <(Fraction left, Fraction right) => left.CompareTo(right) < 0;

    public static bool operator >(Fraction left, Fraction right) => left.CompareTo(right) > 0;

    public static bool operator <=(Fraction left, Fraction right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Fraction left, Fraction right) => left.CompareTo(right) >= 0;

    public static Fraction Min(Fraction left, Fraction right) => left <= right ? left : right;

    public static Fraction Max(Fraction left, Fraction right) => left >= right ? left : right;

    public int CompareTo(Fraction other)
    {
        if (_ratio is null && other._ratio is null && TryAlign(this, other, out Int128 left, out Int128 right))
        {
            return left.CompareTo(right);
        }

        (Ratio a, Ratio b) = (ToRatio(), other.ToRatio());
        return (a.Numerator * b.Denominator).CompareTo(b.Numerator * a.Denominator);
    }

    public bool Equals(Fraction other) => CompareTo(other) == 0;

    public override bool Equals(object? obj) => obj is Fraction other && Equals(other);

    public override int GetHashCode() => LowestTerms.GetHashCode();

    /// <summary>Both as counts of the same power of ten; false when that does not fit.</summary>
    private static bool TryAlign(in Fraction a, in Fraction b, out Int128 left, out Int128 right)
    {
        (left, right) = (a._units, b._units);
        int difference = a._scale - b._scale;
        return difference switch
        {
            0 => true,
            > 0 => Digits.TryMultiply(right, Digits.PowerOfTen(difference), out right),
            < 0 => Digits.TryMultiply(left, Digits.PowerOfTen(-difference), out left),
        };
    }

    private static Fraction InLowestTerms(BigInteger numerator, BigInteger denominator)
    {
        int scale = DecimalPlaces(denominator);
        if (scale is >= 0 and <= MaxScale)
        {
            BigInteger units = numerator * (Digits.BigPowerOfTen(scale) / denominator);
            if (BigInteger.Abs(units) <= Int128.MaxValue)
            {
                return new Fraction((Int128)units, scale);
            }
        }

        return new Fraction(new Ratio(numerator, denominator));
    }

    /// <summary>How many decimals a fraction with this denominator (in lowest terms) has; −1 when it does not terminate.</summary>
    private static int DecimalPlaces(BigInteger denominator)
    {
        int twos = 0;
        int fives = 0;
        for (; denominator.IsEven; denominator >>= 1)
        {
            twos++;
        }

        while (!denominator.IsOne)
        {
            denominator = BigInteger.DivRem(denominator, 5, out BigInteger rest);
            if (!rest.IsZero)
            {
                return -1;
            }

            fives++;
        }

        return Math.Max(twos, fives);
    }

    private Ratio ToRatio() => _ratio ?? new Ratio(_units, Digits.PowerOfTen(_scale));

    /// <summary>The denominator is positive. Lowest terms when kept in a fraction.</summary>
    private sealed record Ratio(BigInteger Numerator, BigInteger Denominator);
}
