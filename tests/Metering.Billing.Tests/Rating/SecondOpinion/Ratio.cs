using System.Globalization;
using System.Numerics;

namespace Metering.Billing.Tests.Rating.SecondOpinion;

/// <summary>A fraction as in school: numerator, denominator, shortened after every operation. Shares no code with production.</summary>
internal readonly record struct Ratio
{
    public Ratio(BigInteger numerator, BigInteger denominator)
    {
        BigInteger common = BigInteger.GreatestCommonDivisor(numerator, denominator) * denominator.Sign;
        (Numerator, Denominator) = (numerator / common, denominator / common);
    }

    public BigInteger Numerator { get; }

    public BigInteger Denominator { get; }

    public static Ratio Zero => new(0, 1);

    public static implicit operator Ratio(int value) => new(value, 1);

    public static Ratio operator +(Ratio a, Ratio b) => new((a.Numerator * b.Denominator) + (b.Numerator * a.Denominator), a.Denominator * b.Denominator);

    public static Ratio operator -(Ratio a, Ratio b) => new((a.Numerator * b.Denominator) - (b.Numerator * a.Denominator), a.Denominator * b.Denominator);

    public static Ratio operator *(Ratio a, Ratio b) => new(a.Numerator * b.Numerator, a.Denominator * b.Denominator);

    public static Ratio operator /(Ratio a, Ratio b) => new(a.Numerator * b.Denominator, a.Denominator * b.Numerator);

    public static bool operator <(Ratio a, Ratio b) => (a - b).Numerator < 0;

    public static bool operator >(Ratio a, Ratio b) => b < a;

    public static bool operator <=(Ratio a, Ratio b) => !(b < a);

    public static bool operator >=(Ratio a, Ratio b) => !(a < b);

    public static Ratio Min(Ratio a, Ratio b) => a < b ? a : b;

    public static Ratio Max(Ratio a, Ratio b) => a < b ? b : a;

    public static Ratio Sum(IEnumerable<Ratio> values) => values.Aggregate(Zero, (sum, value) => sum + value);

    /// <summary>Reads what the cases are written with: <c>12.5</c>, <c>-3</c>, <c>15/31</c>.</summary>
    public static Ratio Of(string text)
    {
        if (text.Split('/') is [string over, string under])
        {
            return Of(over) / Of(under);
        }

        string[] parts = text.Split('.');
        string places = parts.Length > 1 ? parts[1] : "";
        return new Ratio(BigInteger.Parse(parts[0] + places, CultureInfo.InvariantCulture), BigInteger.Pow(10, places.Length));
    }

    public BigInteger Floor() => Numerator >= 0 || Numerator % Denominator == 0 ? Numerator / Denominator : (Numerator / Denominator) - 1;

    public BigInteger Ceiling() => -new Ratio(-Numerator, Denominator).Floor();

    /// <summary>To a multiple of 10⁻ᵖˡᵃᶜᵉˢ, by the definition of each mode.</summary>
    public Ratio Round(string mode, int places)
    {
        Ratio unit = places >= 0 ? new Ratio(1, BigInteger.Pow(10, places)) : new Ratio(BigInteger.Pow(10, -places), 1);
        Ratio scaled = this / unit;
        Ratio half = new(1, 2);
        BigInteger whole = mode switch
        {
            "up" => scaled.Ceiling(),
            "down" => scaled.Floor(),
            "half_up" => (scaled + half).Floor(),
            "half_away_from_zero" => scaled < 0 ? (scaled - half).Ceiling() : (scaled + half).Floor(),
            "half_even" => (scaled + half).Floor() is var up && (scaled + half).Denominator.IsOne && !up.IsEven ? up - 1 : (scaled + half).Floor(),
            _ => throw new ArgumentException(mode),
        };
        return new Ratio(whole, 1) * unit;
    }

    /// <summary>All decimals when there is an end to them, otherwise n/d.</summary>
    public override string ToString()
    {
        BigInteger rest = Denominator;
        while (rest % 2 == 0)
        {
            rest /= 2;
        }

        while (rest % 5 == 0)
        {
            rest /= 5;
        }

        if (rest != 1)
        {
            return $"{Numerator}/{Denominator}";
        }

        int places = 0;
        while (BigInteger.Pow(10, places) % Denominator != 0)
        {
            places++;
        }

        return Fixed(places);
    }

    /// <summary>With so many decimals, none of which is cut.</summary>
    public string Fixed(int places)
    {
        BigInteger units = Numerator * BigInteger.Pow(10, places) / Denominator;
        string digits = BigInteger.Abs(units).ToString(CultureInfo.InvariantCulture).PadLeft(places + 1, '0');
        return (units < 0 ? "-" : "") + digits[..^places] + (places > 0 ? "." : "") + digits[^places..];
    }
}
