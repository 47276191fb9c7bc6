using System.Numerics;

namespace Metering.Billing;

public readonly partial struct Fraction
{
    public static Fraction operator +(Fraction left, Fraction right)
    {
        if (left._ratio is null && right._ratio is null && TryAlign(left, right, out Int128 a, out Int128 b) && Digits.TryAdd(a, b, out Int128 sum))
        {
            return OfUnits(sum, Math.Max(left._scale, right._scale));
        }

        (Ratio x, Ratio y) = (left.ToRatio(), right.ToRatio());
        return Of((x.Numerator * y.Denominator) + (y.Numerator * x.Denominator), x.Denominator * y.Denominator);
    }

    public static Fraction operator -(Fraction value) =>
        value._ratio is { } ratio ? new Fraction(new Ratio(-ratio.Numerator, ratio.Denominator)) : new Fraction(-value._units, value._scale);

    public static Fraction operator -(Fraction left, Fraction right) => left + -right;

    public static Fraction operator *(Fraction left, Fraction right)
    {
        int scale = left._scale + right._scale;
        if (left._ratio is null && right._ratio is null && scale <= MaxScale && Digits.TryMultiply(left._units, right._units, out Int128 product))
        {
            return new Fraction(product, scale);
        }

        (Ratio x, Ratio y) = (left.ToRatio(), right.ToRatio());
        return Of(x.Numerator * y.Numerator, x.Denominator * y.Denominator);
    }

    /// <exception cref="DivideByZeroException">The divisor is zero.</exception>
    public static Fraction operator /(Fraction left, Fraction right)
    {
        (Ratio x, Ratio y) = (left.ToRatio(), right.ToRatio());
        return Of(x.Numerator * y.Denominator, x.Denominator * y.Numerator);
    }

    /// <summary>This ÷ 100: the factor of a percentage.</summary>
    public Fraction Percent() => _ratio is null && _scale + 2 <= MaxScale ? new Fraction(_units, _scale + 2) : this / 100;

    /// <summary>How many times the divisor goes into this, to a whole number.</summary>
    /// <exception cref="DivideByZeroException">The divisor is zero.</exception>
    public Fraction DivideToWhole(Fraction divisor, RoundingMode mode)
    {
        if (_ratio is null && divisor._ratio is null && divisor._units > 0 && TryAlign(this, divisor, out Int128 dividend, out Int128 by))
        {
            return new Fraction(Divide(dividend, by, mode), 0);
        }

        return (this / divisor).RoundTo(0, mode);
    }

    /// <summary>The nearest multiple of 10⁻ᵖˡᵃᶜᵉˢ in the direction of the mode. Places may be negative: −3 is whole thousands.</summary>
    public Fraction RoundTo(int places, RoundingMode mode)
    {
        if (_ratio is null && _scale <= places)
        {
            return this;
        }

        if (_ratio is null && places >= 0)
        {
            return new Fraction(Divide(_units, Digits.PowerOfTen(_scale - places), mode), places);
        }

        Ratio ratio = ToRatio();
        return places >= 0
            ? Of(Divide(ratio.Numerator * Digits.BigPowerOfTen(places), ratio.Denominator, mode), Digits.BigPowerOfTen(places))
            : Of(Divide(ratio.Numerator, ratio.Denominator * Digits.BigPowerOfTen(-places), mode) * Digits.BigPowerOfTen(-places), BigInteger.One);
    }

    /// <summary>This · 10ᵖˡᵃᶜᵉˢ as an integer.</summary>
    /// <exception cref="OverflowException">Beyond a long.</exception>
    internal long RoundToUnits(int places, RoundingMode mode)
    {
        Fraction rounded = RoundTo(places, mode);
        return rounded._ratio is null && Digits.TryMultiply(rounded._units, Digits.PowerOfTen(Math.Max(places - rounded._scale, 0)), out Int128 units)
            ? checked((long)units)
            : throw new OverflowException();
    }

    /// <param name="divisor">Above zero.</param>
    private static Int128 Divide(Int128 dividend, Int128 divisor, RoundingMode mode)
    {
        (Int128 quotient, Int128 rest) = Int128.DivRem(dividend, divisor);
        int sign = Int128.Sign(rest);
        Int128 magnitude = Int128.Abs(rest);
        return quotient + mode.Step(sign, magnitude.CompareTo(divisor - magnitude), Int128.IsOddInteger(quotient));
    }

    /// <inheritdoc cref="Divide(Int128, Int128, RoundingMode)"/>
    private static BigInteger Divide(BigInteger dividend, BigInteger divisor, RoundingMode mode)
    {
        BigInteger quotient = BigInteger.DivRem(dividend, divisor, out BigInteger rest);
        return quotient + mode.Step(rest.Sign, (BigInteger.Abs(rest) * 2).CompareTo(divisor), !quotient.IsEven);
    }
}
