using System.Globalization;
using System.Numerics;

namespace Metering.Billing.Tests.Runs.Model;

/// <summary>What a subscription does from an instant on.</summary>
internal enum Doing
{
    Trial,
    Active,
    Paused,
    Ended,
}

/// <summary>Monthly prices in cents; usage as <see cref="SlowUsage"/> rates it.</summary>
internal sealed record Tariff(long Base, long Seat, long Support, SlowUsage Calls);

internal sealed record SlowFact(DateTimeOffset At, Doing Doing, string Plan, int Seats);

/// <summary>A billing period: all of it, and what of it was served.</summary>
internal sealed record SlowPeriod(DateOnly First, DateOnly Last, DateTimeOffset Start, DateTimeOffset End, bool IsTrial)
{
    public int Days => Last.DayNumber - First.DayNumber;
}

/// <summary>
/// What a subscription owes, from its raw history, day by day and event by event. Written from the rules alone: it shares nothing with the code that it judges. A day belongs to what
/// holds at its end, because the day of a change belongs to the new price; a day of a fee costs Earned(day + 1) − Earned(day).
/// </summary>
internal sealed class SlowBill(IReadOnlyDictionary<string, Tariff> tariffs, bool isCalendar, bool isBerlin)
{
    private readonly List<SlowFact> _facts = [];
    private readonly List<(DateTimeOffset At, long Milli)> _usage = [];

    public IReadOnlyList<SlowFact> Facts => _facts;

    public void Add(SlowFact fact) => _facts.Add(fact);

    public void Use(DateTimeOffset at, long milli) => _usage.Add((at, milli));

    public DateTimeOffset? EndedAt => _facts[^1].Doing == Doing.Ended ? _facts[^1].At : null;

    /// <summary>Those that begin by then, in order.</summary>
    public IEnumerable<SlowPeriod> Periods(DateTimeOffset until)
    {
        SlowFact? paid = _facts[0].Doing == Doing.Trial ? _facts.Find(fact => fact.Doing == Doing.Active) : null;
        IEnumerable<SlowPeriod> first = Months(_facts[0].At, paid?.At, _facts[0].Doing == Doing.Trial, until);
        return paid is null ? first : first.Concat(Months(paid.At, null, false, until));
    }

    /// <summary>When there is something to invoice next.</summary>
    public DateTimeOffset? NextDue(DateTimeOffset after, DateTimeOffset billedFrom)
    {
        DateTimeOffset[] due =
        [
            .. Periods(after.AddMonths(2) > _facts[0].At ? after.AddMonths(2) : _facts[0].At).SelectMany(period => new[] { period.Start, period.End }).Where(at => at > after),
            .. Segments().Zip(Segments().Skip(1)).Where(pair => PriceOf(pair.Second.Fact) > PriceOf(pair.First.Fact)).Select(pair => pair.Second.From).Where(at => at > after),
        ];
        return due.Length == 0 ? null : due.Min() < billedFrom ? billedFrom : due.Min();
    }

    /// <summary>Fees in advance of the parts that begin by then.</summary>
    public long Advance(string component, SlowPeriod period, DateTimeOffset by) => Fee(period, by, fact => component == "base" ? tariffs[fact.Plan].Base : tariffs[fact.Plan].Seat * fact.Seats);

    public long Arrears(SlowPeriod period) => Fee(period, DateTimeOffset.MaxValue, fact => tariffs[fact.Plan].Support);

    /// <summary>Usage of the period: each price, and the trial, for itself.</summary>
    public long Calls(SlowPeriod period)
    {
        long sum = 0;
        foreach (IGrouping<SlowUsage, (DateTimeOffset From, DateTimeOffset To, SlowFact Fact)> scope in Segments()
            .Select(one => (From: Later(one.From, period.Start), To: Earlier(one.To, period.End), one.Fact))
            .Where(one => one.From < one.To && one.Fact.Doing is Doing.Active or Doing.Trial && (one.Fact.Doing == Doing.Trial) == period.IsTrial)
            .GroupBy(one => tariffs[one.Fact.Plan].Calls))
        {
            long quantity = _usage.Where(use => scope.Any(time => time.From <= use.At && use.At < time.To)).Sum(use => use.Milli);
            int days = Days(period).Count(day => DoingOn(day) is { } fact && fact.Doing == (period.IsTrial ? Doing.Trial : Doing.Active) && tariffs[fact.Plan].Calls == scope.Key && IsServed(period, day));
            sum += scope.Key.Rate(quantity, days, period.Days);
        }

        return sum;
    }

    private long Fee(SlowPeriod period, DateTimeOffset by, Func<SlowFact, long> price)
    {
        if (period.IsTrial)
        {
            return 0;
        }

        long sum = 0;
        foreach (DateOnly day in Days(period).Where(day => IsServed(period, day)))
        {
            SlowFact? fact = DoingOn(day);
            if (fact?.Doing == Doing.Active && BeganAt(period, fact, price) <= by)
            {
                int passed = day.DayNumber - period.First.DayNumber;
                sum += Cents((BigInteger)price(fact) * (passed + 1), period.Days) - Cents((BigInteger)price(fact) * passed, period.Days);
            }
        }

        return sum;
    }

    /// <summary>Since when the same price has been paid in the period without a break.</summary>
    private DateTimeOffset BeganAt(SlowPeriod period, SlowFact fact, Func<SlowFact, long> price)
    {
        (DateTimeOffset From, DateTimeOffset To, SlowFact Fact)[] segments = [.. Segments()];
        int i = Array.FindIndex(segments, one => one.Fact == fact);
        while (i > 0 && segments[i].From > period.Start && segments[i - 1].To == segments[i].From && segments[i - 1].Fact.Doing == Doing.Active && price(segments[i - 1].Fact) == price(segments[i].Fact))
        {
            i--;
        }

        return Later(segments[i].From, period.Start);
    }

    /// <summary>Stretches of time in which one fact holds.</summary>
    private IEnumerable<(DateTimeOffset From, DateTimeOffset To, SlowFact Fact)> Segments()
    {
        for (int i = 0; i < _facts.Count; i++)
        {
            DateTimeOffset to = i + 1 < _facts.Count ? _facts[i + 1].At : DateTimeOffset.MaxValue;
            if (to > _facts[i].At)
            {
                yield return (_facts[i].At, to, _facts[i]);
            }
        }
    }

    private long PriceOf(SlowFact fact) => fact.Doing == Doing.Active ? tariffs[fact.Plan].Base + (tariffs[fact.Plan].Seat * fact.Seats) + tariffs[fact.Plan].Support : 0;

    private SlowFact? DoingOn(DateOnly day) => _facts.FindLast(fact => fact.At < Midnight(day.AddDays(1)));

    /// <summary>Of periods that cover one another each has the days from its own beginning on, until the next one begins.</summary>
    private bool IsServed(SlowPeriod period, DateOnly day) => day >= Local(period.Start) && day < Local(period.End);

    private static IEnumerable<DateOnly> Days(SlowPeriod period) => Enumerable.Range(0, period.Days).Select(period.First.AddDays);

    private IEnumerable<SlowPeriod> Months(DateTimeOffset from, DateTimeOffset? to, bool isTrial, DateTimeOffset until)
    {
        DateOnly start = Local(from);
        DateOnly anchor = isCalendar ? new DateOnly(start.Year, start.Month, 1) : start;
        DateTimeOffset stop = Earlier(to ?? DateTimeOffset.MaxValue, EndedAt ?? DateTimeOffset.MaxValue);
        for (int k = 0; ; k++)
        {
            (DateOnly first, DateOnly last) = (anchor.AddMonths(k), anchor.AddMonths(k + 1));
            DateTimeOffset begin = Later(Midnight(first), from);
            if (begin > until || begin >= stop)
            {
                yield break;
            }

            yield return new SlowPeriod(first, last, begin, Earlier(Midnight(last), stop), isTrial);
        }
    }

    public DateTimeOffset Midnight(DateOnly day)
    {
        DateTimeOffset guess = new(day.ToDateTime(TimeOnly.MinValue).AddHours(-1), TimeSpan.Zero);
        return isBerlin ? guess.AddHours(IsSummer(guess) ? -1 : 0) : guess.AddHours(1);
    }

    private DateOnly Local(DateTimeOffset at) => DateOnly.FromDateTime(at.UtcDateTime.AddHours(!isBerlin ? 0 : IsSummer(at) ? 2 : 1));

    /// <summary>From the last Sunday of March to that of October, at one o'clock UTC.</summary>
    private static bool IsSummer(DateTimeOffset at) => at >= LastSunday(at.UtcDateTime.Year, 3) && at < LastSunday(at.UtcDateTime.Year, 10);

    private static DateTimeOffset LastSunday(int year, int month)
    {
        DateTime last = new(year, month, 31, 1, 0, 0, DateTimeKind.Utc);
        return new DateTimeOffset(last.AddDays(-(int)last.DayOfWeek));
    }

    /// <summary>Half away from zero.</summary>
    public static long Cents(BigInteger numerator, BigInteger denominator) =>
        (long)(BigInteger.Divide((2 * BigInteger.Abs(numerator)) + denominator, 2 * denominator) * numerator.Sign);

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    public static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture);
}

/// <summary>Calls: free ones, then either up to ten at a price and the rest at half of it, or packages; and what is paid at least. In cents; quantities in thousandths.</summary>
/// <param name="Package">Size in calls; 0 for tiers.</param>
internal sealed record SlowUsage(long Price, int Package, int Free, long Minimum)
{
    /// <param name="days">Active, of the period's <paramref name="all"/>: they scale what is free, and the minimum.</param>
    public long Rate(long milli, int days, int all)
    {
        BigInteger paid = (BigInteger)milli * all; // in thousandths of a call, times the days of the period
        BigInteger free = (BigInteger)Free * 1000 * days;
        paid = paid > free ? paid - free : BigInteger.Min(paid, 0);
        BigInteger whole = 1000 * (BigInteger)all;
        BigInteger gross; // in halves of a cent, times the same
        if (Package > 0)
        {
            BigInteger size = Package * whole;
            BigInteger packages = BigInteger.Divide(paid, size) + (paid.Sign > 0 && !(paid % size).IsZero ? 1 : 0);
            gross = packages * Price * 2 * whole;
        }
        else
        {
            BigInteger first = BigInteger.Min(paid, 10 * whole);
            gross = (first * Price * 2) + ((paid - first) * Price);
        }

        BigInteger least = (BigInteger)Minimum * 2 * 1000 * days;
        return SlowBill.Cents(BigInteger.Max(gross, Minimum > 0 ? least : gross), 2 * whole);
    }
}
