namespace Metering.Contracts;

/// <summary>
/// Event times: instants in UTC kept to 100 ns as .NET ticks. Accepted are <see cref="Earliest"/> up to <see cref="FutureTolerance"/> ahead
/// of the clock; between them every UTC offset ever in use is a whole number of minutes.
/// </summary>
public static class EventTime
{
    public static readonly DateTimeOffset Earliest = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Exclusive. The windows' minutes are kept as seconds since 1970 in 32 bits, which end in this year.</summary>
    public static readonly DateTimeOffset End = new(2106, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly TimeSpan FutureTolerance = TimeSpan.FromMinutes(5);

    /// <summary>Ticks are in the range that every table holds.</summary>
    public static bool IsRepresentable(long ticks) => ticks >= Earliest.Ticks && ticks < End.Ticks;

    /// <summary>The minute that owns the instant: minutes since 1970-01-01 UTC, half-open.</summary>
    public static int Minute(long ticks) => (int)((ticks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMinute);

    public static long TicksOfUnixMs(long milliseconds) => DateTimeOffset.UnixEpoch.Ticks + (milliseconds * TimeSpan.TicksPerMillisecond);

    /// <summary>
    /// Reads RFC 3339: <c>2024-02-29T23:59:60.1234567+05:45</c>. <c>T</c> may be <c>t</c> or a blank, <c>Z</c> may be <c>z</c>. Digits past 100 ns are
    /// cut, not rounded, so that no instant moves into the next minute. A leap second is the last 100 ns of its minute.
    /// </summary>
    /// <param name="ticks">UTC, .NET ticks.</param>
    public static bool TryParse(ReadOnlySpan<byte> text, out long ticks)
    {
        ticks = 0;
        if (text.Length < 20 || !TryReadDate(text, out int year, out int month, out int day) || text[10] is not ((byte)'T' or (byte)'t' or (byte)' ')
            || !TryReadTime(text, out int hour, out int minute, out int second))
        {
            return false;
        }

        int at = 19;
        if (!TryReadFraction(text, ref at, out long fraction) || !TryReadOffset(text[at..], out int offsetMinutes))
        {
            return false;
        }

        if (second == 60)
        {
            second = 59;
            fraction = TimeSpan.TicksPerSecond - 1;
        }

        long local = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks + fraction;
        ticks = local - (offsetMinutes * TimeSpan.TicksPerMinute);
        return ticks >= DateTime.MinValue.Ticks && ticks <= DateTime.MaxValue.Ticks;
    }

    private static bool TryReadDate(ReadOnlySpan<byte> text, out int year, out int month, out int day)
    {
        month = day = 0;
        return TryReadNumber(text[..4], out year) && text[4] == '-' && TryReadNumber(text[5..7], out month) && text[7] == '-'
            && TryReadNumber(text[8..10], out day) && year >= 1 && month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month);
    }

    private static bool TryReadTime(ReadOnlySpan<byte> text, out int hour, out int minute, out int second)
    {
        minute = second = 0;
        return TryReadNumber(text[11..13], out hour) && text[13] == ':' && TryReadNumber(text[14..16], out minute) && text[16] == ':'
            && TryReadNumber(text[17..19], out second) && hour <= 23 && minute <= 59 && second <= 60;
    }

    private static bool TryReadFraction(ReadOnlySpan<byte> text, ref int at, out long ticks)
    {
        ticks = 0;
        if (text[at] != '.')
        {
            return true;
        }

        int start = ++at;
        for (long unit = TimeSpan.TicksPerSecond / 10; at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9'; at++, unit /= 10)
        {
            ticks += (text[at] - '0') * unit;
        }

        return at > start;
    }

    private static bool TryReadOffset(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text is [(byte)'Z' or (byte)'z'])
        {
            return true;
        }

        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':' || !TryReadNumber(text[1..3], out int hours)
            || !TryReadNumber(text[4..6], out int rest) || hours > 23 || rest > 59)
        {
            return false;
        }

        minutes = ((hours * 60) + rest) * (text[0] == '-' ? -1 : 1);
        return true;
    }

    private static bool TryReadNumber(ReadOnlySpan<byte> digits, out int number)
    {
        number = 0;
        foreach (byte digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            number = (number * 10) + (digit - '0');
        }

        return true;
    }
}
