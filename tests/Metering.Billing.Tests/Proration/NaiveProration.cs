using System.Globalization;
using System.Numerics;
using NodaTime;
using NodaTime.TimeZones;

namespace Metering.Billing.Tests.Proration;

/// <summary>One charge as the reference writes it; times in minutes after the period's local start, null when absent; money in cents.</summary>
internal sealed record NaiveCharge(string Id, long Amount, string Timing, int? From, int? To, long? Billed, long Credited);

/// <summary>
/// Proration read off the reference sentence by sentence, with integers of cents and two loops. It shares nothing with what it checks: NodaTime counts the dates, and
/// rounding is ⌊(2n + d) ÷ 2d⌋ on magnitudes.
/// </summary>
internal static class NaiveProration
{
    /// <summary>Each line as <c>charge kind cents fraction capped</c>, then net and direction.</summary>
    public static string Answer(DateTimeZone zone, string unit, Instant start, Instant end, Func<int, Instant> at, IReadOnlyList<NaiveCharge> charges)
    {
        List<string> lines = [];
        BigInteger net = 0;
        long oldSum = 0;
        long newSum = 0;
        foreach (NaiveCharge charge in charges)
        {
            if (charge.Timing is "advance" or "arrears")
            {
                (oldSum, newSum) = charge.Billed is null ? (oldSum, newSum + charge.Amount) : (oldSum + charge.Amount, newSum);
            }

            Instant from = Clamp(charge.From is { } first ? at(first) : start, start, end);
            Instant to = Clamp(charge.To is { } last ? at(last) : end, start, end);
            (BigInteger cents, string text) = Line(zone, unit, start, end, from, to, charge);
            if (text.Length > 0)
            {
                lines.Add(text);
                net += cents;
            }
        }

        string direction = newSum > oldSum ? "upgrade" : newSum < oldSum ? "downgrade" : "lateral";
        return string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", lines)} | {net} {direction}");
    }

    private static (BigInteger Cents, string Text) Line(DateTimeZone zone, string unit, Instant start, Instant end, Instant from, Instant to, NaiveCharge charge)
    {
        if (charge.Timing == "usage")
        {
            return (0, "");
        }

        if (charge.Timing == "once")
        {
            return charge.Billed is null && from < to ? (charge.Amount, $"{charge.Id} charge {charge.Amount} 1") : (0, "");
        }

        (Instant a, Instant b) = charge.Billed is null ? (from, to) : (to, end);
        if (a >= b)
        {
            return (0, "");
        }

        long full = unit == "none" ? 1 : Elapsed(zone, unit, start, end);
        (long ea, long eb) = unit == "none" ? (0, 1) : (Elapsed(zone, unit, start, a), Elapsed(zone, unit, start, b));
        BigInteger part = full == 0 ? 0 : Round(charge.Amount * (BigInteger)eb, full) - Round(charge.Amount * (BigInteger)ea, full);
        string fraction = full == 0 ? "0" : Lowest(eb - ea, full);
        if (charge.Billed is not { } billed)
        {
            return (part, $"{charge.Id} charge {part} {fraction}");
        }

        long left = Math.Max(0, billed - charge.Credited);
        BigInteger credit = BigInteger.Max(0, BigInteger.Min(part, left));
        return credit == 0 ? (0, "") : (-credit, $"{charge.Id} credit {-credit} {fraction}{(part > left ? " capped" : "")}");
    }

    private static long Elapsed(DateTimeZone zone, string unit, Instant start, Instant to) => unit == "second"
        ? (long)(to - start).TotalSeconds
        : Period.DaysBetween(Begun(zone, start), Begun(zone, to));

    /// <summary>The latest date that has begun: a clock set back over midnight does not end it.</summary>
    private static LocalDate Begun(DateTimeZone zone, Instant at)
    {
        ZoneInterval since = zone.GetZoneInterval(at);
        LocalDate shown = at.InZone(zone).Date;
        return since.HasStart ? LocalDate.Max(shown, (since.Start - Duration.Epsilon).InZone(zone).Date) : shown;
    }

    private static BigInteger Round(BigInteger n, long d)
    {
        BigInteger magnitude = ((2 * BigInteger.Abs(n)) + d) / (2 * d);
        return n.Sign < 0 ? -magnitude : magnitude;
    }

    private static string Lowest(long n, long d)
    {
        long common = (long)BigInteger.GreatestCommonDivisor(n, d);
        return n == 0 ? "0" : d / common == 1 ? $"{n / common}" : $"{n / common}/{d / common}";
    }

    private static Instant Clamp(Instant value, Instant low, Instant high) => value < low ? low : value > high ? high : value;
}
