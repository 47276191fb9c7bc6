using System.Globalization;
using System.Numerics;

namespace Metering.Billing;

public readonly partial struct Fraction
{
    /// <summary>Decimals an input may have: those of a stored quantity.</summary>
    public const int MaxInputPlaces = 12;

    /// <summary>Characters an input may have; the reference's largest product, 10²⁷ × 10¹², has room to spare.</summary>
    public const int MaxInputLength = 100;

    /// <summary>Reads <c>[-] digits [. digits]</c> with at most 12 decimals: no exponent, no plus sign, no blanks.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Fraction value)
    {
        value = default;
        ReadOnlySpan<char> digits = text.StartsWith('-') ? text[1..] : text;
        int dot = digits.IndexOf('.');
        ReadOnlySpan<char> whole = dot < 0 ? digits : digits[..dot];
        ReadOnlySpan<char> places = dot < 0 ? default : digits[(dot + 1)..];
        if (text.Length > MaxInputLength || !AreDigits(whole) || (dot >= 0 && !AreDigits(places)) || places.Length > MaxInputPlaces)
        {
            return false;
        }

        places = places.TrimEnd('0');
        value = whole.Length + places.Length <= Digits.MaxPower - 1
            ? new Fraction((ReadDigits(whole) * Digits.PowerOfTen(places.Length)) + ReadDigits(places), places.Length)
            : Of((BigInteger.Parse(whole, NumberStyles.None, CultureInfo.InvariantCulture) * Digits.BigPowerOfTen(places.Length)) + ReadDigits(places), Digits.BigPowerOfTen(places.Length));
        value = digits.Length < text.Length ? -value : value;
        return true;
    }

    /// <summary>Reads a number as <see cref="TryParse"/> does, or two of them as <c>n/d</c>, d above zero.</summary>
    public static bool TryParseShare(ReadOnlySpan<char> text, out Fraction value)
    {
        int slash = text.IndexOf('/');
        if (slash < 0)
        {
            return TryParse(text, out value);
        }

        value = default;
        if (!TryParse(text[..slash], out Fraction numerator) || !TryParse(text[(slash + 1)..], out Fraction denominator) || denominator.Sign <= 0)
        {
            return false;
        }

        value = numerator / denominator;
        return true;
    }

    /// <inheritdoc cref="TryParseShare"/>
    /// <exception cref="FormatException">Not such a text.</exception>
    public static Fraction Parse(string text) =>
        TryParseShare(text, out Fraction value) ? value : throw new FormatException($"'{text}' is not an exact number.");

    /// <summary>Reads what <see cref="ToString"/> wrote, of any length and with any number of decimals.</summary>
    /// <exception cref="FormatException">Not such a text.</exception>
    internal static Fraction OfText(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? OfPlain(text) : OfPlain(text[..slash]) / OfPlain(text[(slash + 1)..]);
    }

    /// <summary>A plain number without trailing zeros when it terminates, otherwise <c>n/d</c> in lowest terms.</summary>
    public override string ToString()
    {
        if (_ratio is null)
        {
            return Plain(_units, _scale);
        }

        int places = DecimalPlaces(_ratio.Denominator);
        return places < 0 ? ToShareText() : Plain(_ratio.Numerator * (Digits.BigPowerOfTen(places) / _ratio.Denominator), places);
    }

    /// <summary><c>"0"</c>, <c>"1"</c> or another integer, otherwise <c>n/d</c> in lowest terms.</summary>
    public string ToShareText()
    {
        (BigInteger numerator, BigInteger denominator) = LowestTerms;
        return denominator.IsOne ? numerator.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{numerator}/{denominator}");
    }

    /// <summary>With exactly so many decimals, of which the value needs no more.</summary>
    internal static string Fixed(long units, int places)
    {
        string digits = Int128.Abs(units).ToString(CultureInfo.InvariantCulture).PadLeft(places + 1, '0');
        return (units < 0 ? "-" : "") + digits[..^places] + (places > 0 ? "." + digits[^places..] : "");
    }

    private static string Plain(BigInteger units, int places)
    {
        string digits = BigInteger.Abs(units).ToString(CultureInfo.InvariantCulture).PadLeft(places + 1, '0');
        string decimals = digits[^places..].TrimEnd('0');
        return (units.Sign < 0 ? "-" : "") + digits[..^places] + (decimals.Length > 0 ? "." + decimals : "");
    }

    private static Fraction OfPlain(string text)
    {
        int dot = text.IndexOf('.', StringComparison.Ordinal);
        BigInteger units = BigInteger.Parse(dot < 0 ? text : text.Remove(dot, 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return dot < 0 ? Of(units, BigInteger.One) : Of(units, Digits.BigPowerOfTen(text.Length - dot - 1));
    }

    private static bool AreDigits(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange('0', '9');

    private static Int128 ReadDigits(ReadOnlySpan<char> text)
    {
        Int128 value = 0;
        foreach (char digit in text)
        {
            value = (value * 10) + (digit - '0');
        }

        return value;
    }
}
