namespace Metering.Contracts;

/// <summary>What a text was, read as an event's value.</summary>
public enum QuantityStatus
{
    Exact,

    /// <summary>It had more than 12 places; rounded once, half to even.</summary>
    Rounded,
    NotANumber,
    NaN,
    Infinity,

    /// <summary>10¹⁵ or more in magnitude.</summary>
    OutOfRange,
}

/// <summary>
/// Decimal text to <see cref="Quantity"/> without binary floating point: <c>[sign] digits [. digits] [e [sign] digits]</c>, any length.
/// </summary>
public static class QuantityText
{
    /// <summary>Significant digits kept; more than 27 can only matter for rounding, which <c>sticky</c> remembers.</summary>
    private const int KeptDigits = 30;

    private const int ExponentLimit = 1_000_000;

    private static readonly UInt128[] s_powersOfTen = PowersOfTen();

    public static QuantityStatus TryParse(ReadOnlySpan<byte> text, out Quantity value)
    {
        value = default;
        Decimal128 number = default;
        int position = 0;
        bool negative = ReadSign(text, ref position);
        if (!ReadMantissa(text, ref position, ref number) || !ReadExponent(text, ref position, ref number) || position != text.Length)
        {
            return SpecialName(text[(text is [(byte)'+' or (byte)'-', ..] ? 1 : 0)..]);
        }

        QuantityStatus status = ToUnscaled(number, out Int128 magnitude);
        value = new Quantity(negative ? -magnitude : magnitude);
        return status;
    }

    private static bool ReadSign(ReadOnlySpan<byte> text, ref int position)
    {
        if (text.IsEmpty || text[0] is not ((byte)'-' or (byte)'+'))
        {
            return false;
        }

        position = 1;
        return text[0] == '-';
    }

    private static bool ReadMantissa(ReadOnlySpan<byte> text, ref int position, ref Decimal128 number)
    {
        int digits = ReadDigits(text, ref position, ref number, isFraction: false);
        if (position < text.Length && text[position] == '.')
        {
            position++;
            int places = ReadDigits(text, ref position, ref number, isFraction: true);
            if (places == 0)
            {
                return false;
            }

            digits += places;
        }

        return digits > 0;
    }

    private static int ReadDigits(ReadOnlySpan<byte> text, ref int position, ref Decimal128 number, bool isFraction)
    {
        int start = position;
        for (; position < text.Length && text[position] is >= (byte)'0' and <= (byte)'9'; position++)
        {
            number.Append(text[position] - '0', isFraction);
        }

        return position - start;
    }

    private static bool ReadExponent(ReadOnlySpan<byte> text, ref int position, ref Decimal128 number)
    {
        if (position == text.Length || text[position] is not ((byte)'e' or (byte)'E'))
        {
            return true;
        }

        position++;
        bool negative = position < text.Length && text[position] == '-';
        position += position < text.Length && text[position] is (byte)'-' or (byte)'+' ? 1 : 0;
        int start = position;
        int exponent = 0;
        for (; position < text.Length && text[position] is >= (byte)'0' and <= (byte)'9'; position++)
        {
            exponent = Math.Min(ExponentLimit, (exponent * 10) + (text[position] - '0'));
        }

        number.Exponent += negative ? -exponent : exponent;
        return position > start;
    }

    private static QuantityStatus ToUnscaled(in Decimal128 number, out Int128 magnitude)
    {
        magnitude = 0;
        if (number.Digits == 0)
        {
            return QuantityStatus.Exact;
        }

        int shift = number.Exponent + Quantity.Scale;
        if (number.DigitCount + (long)shift > 27)
        {
            return QuantityStatus.OutOfRange;
        }

        if (shift >= 0)
        {
            magnitude = (Int128)(number.Digits * s_powersOfTen[shift]);
            return QuantityStatus.Exact;
        }

        bool exact = Round(number, -shift, out UInt128 rounded);
        if (rounded >= (UInt128)Quantity.MaxEventValue)
        {
            return QuantityStatus.OutOfRange;
        }

        magnitude = (Int128)rounded;
        return exact ? QuantityStatus.Exact : QuantityStatus.Rounded;
    }

    /// <summary>Divides by a power of ten, half to even. True when nothing was lost.</summary>
    private static bool Round(in Decimal128 number, int places, out UInt128 rounded)
    {
        rounded = 0;
        if (places >= s_powersOfTen.Length)
        {
            return false;
        }

        (rounded, UInt128 rest) = UInt128.DivRem(number.Digits, s_powersOfTen[places]);
        UInt128 half = s_powersOfTen[places] / 2;
        bool above = rest > half || (rest == half && (number.Sticky || UInt128.IsOddInteger(rounded)));
        rounded += above ? (UInt128)1 : 0;
        return rest == 0 && !number.Sticky;
    }

    private static QuantityStatus SpecialName(ReadOnlySpan<byte> text)
    {
        if (System.Text.Ascii.EqualsIgnoreCase(text, "nan"u8))
        {
            return QuantityStatus.NaN;
        }

        bool infinite = System.Text.Ascii.EqualsIgnoreCase(text, "inf"u8) || System.Text.Ascii.EqualsIgnoreCase(text, "infinity"u8);
        return infinite ? QuantityStatus.Infinity : QuantityStatus.NotANumber;
    }

    private static UInt128[] PowersOfTen()
    {
        UInt128[] powers = new UInt128[39];
        powers[0] = 1;
        for (int i = 1; i < powers.Length; i++)
        {
            powers[i] = powers[i - 1] * 10;
        }

        return powers;
    }

    /// <summary>Digits × 10^Exponent, plus "something more below" when <see cref="Sticky"/>.</summary>
    private struct Decimal128
    {
        public UInt128 Digits;
        public int DigitCount;
        public int Exponent;
        public bool Sticky;

        public void Append(int digit, bool isFraction)
        {
            bool significant = DigitCount > 0 || digit != 0;
            if (significant && DigitCount < KeptDigits)
            {
                Digits = (Digits * 10) + (UInt128)digit;
                DigitCount++;
                Exponent -= isFraction ? 1 : 0;
            }
            else if (significant)
            {
                Sticky |= digit != 0;
                Exponent += isFraction ? 0 : 1;
            }
            else
            {
                Exponent -= isFraction ? 1 : 0;
            }
        }
    }
}
