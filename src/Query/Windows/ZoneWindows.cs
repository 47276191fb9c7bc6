using Metering.Query.Http;
using NodaTime;
using NodaTime.TimeZones;

namespace Metering.Query.Windows;

/// <summary>
/// The windows of one size in one zone, over a range of time. They tile the time line without gap or overlap:
/// <list type="bullet">
/// <item>a minute is a UTC minute, because every offset since 2000 is whole minutes;</item>
/// <item>an hour begins at each full local hour and at each change of the offset, so that an hour that the clock shows twice is two windows;</item>
/// <item>a day or month begins at the first instant whose local date is its first date or later, so that days have 23, 24 or 25 hours, and a date
/// that a zone skipped has no window.</item>
/// </list>
/// The zone data comes with the program (tzdb in NodaTime), so that an answer does not depend on the machine or on ClickHouse's own tables.
/// </summary>
internal sealed class ZoneWindows
{
    /// <summary>Windows may reach beyond the range they are asked for, by less than this.</summary>
    private static readonly Duration s_margin = Duration.FromDays(33);

    private ZoneWindows(WindowSize size, IReadOnlyList<OffsetSpan> spans)
    {
        Size = size;
        Spans = spans;
    }

    public WindowSize Size { get; }

    /// <summary>In order, without gaps.</summary>
    public IReadOnlyList<OffsetSpan> Spans { get; }

    /// <exception cref="RefusedException">No such zone.</exception>
    public static ZoneWindows Over(WindowSize size, string zone, DateTimeOffset from, DateTimeOffset to)
    {
        DateTimeZone known = DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone)
            ?? throw RefusedException.BadRequest($"windowTimeZone: '{zone}' is not an IANA time zone such as Europe/Berlin.");
        List<OffsetSpan> spans = [];
        foreach (ZoneInterval interval in known.GetZoneIntervals(Instant.FromDateTimeOffset(from) - s_margin, Instant.FromDateTimeOffset(to) + s_margin))
        {
            Append(spans, interval);
        }

        return new ZoneWindows(size, spans);
    }

    /// <summary>The key of the window that holds the second, as the SQL of <see cref="WindowKeySql"/> computes it.</summary>
    public long KeyOf(long second)
    {
        OffsetSpan span = SpanOf(second);
        return Size switch
        {
            WindowSize.Minute => second - (second % 60),
            WindowSize.Hour => Math.Max(span.Start, HourStart(second, span)),
            WindowSize.Day => span.LocalDay(second),
            WindowSize.Month => MonthKey(DateOf(span.LocalDay(second))),
        };
    }

    public Window WindowOf(long key) => Size switch
    {
        WindowSize.Minute => Between(key, key + 60),
        WindowSize.Hour => Between(key, HourEnd(key)),
        WindowSize.Day => Between(FirstSecond(key), FirstSecond(key + 1)),
        WindowSize.Month => Between(FirstSecond(DayOf(FirstOfMonth(key))), FirstSecond(DayOf(FirstOfMonth(key).PlusMonths(1)))),
    };

    private static void Append(List<OffsetSpan> spans, ZoneInterval interval)
    {
        long start = interval.HasStart ? interval.Start.ToUnixTimeSeconds() : DateTimeOffset.MinValue.ToUnixTimeSeconds();
        long end = interval.HasEnd ? interval.End.ToUnixTimeSeconds() : DateTimeOffset.MaxValue.ToUnixTimeSeconds();
        long offset = interval.WallOffset.Seconds;
        if (spans.Count > 0 && spans[^1].Offset == offset)
        {
            spans[^1] = spans[^1] with { End = end };
            return;
        }

        long reached = spans.Count == 0 ? long.MinValue : spans[^1].LocalDay(start - 1);
        spans.Add(new OffsetSpan(start, end, offset, Math.Max(reached, OffsetSpan.FloorDivide(start + offset, OffsetSpan.SecondsPerDay))));
    }

    private OffsetSpan SpanOf(long second) => Spans.Last(span => span.Start <= second);

    private static long HourStart(long second, OffsetSpan span) =>
        (OffsetSpan.FloorDivide(second + span.Offset, OffsetSpan.SecondsPerHour) * OffsetSpan.SecondsPerHour) - span.Offset;

    private long HourEnd(long start)
    {
        OffsetSpan span = SpanOf(start);
        return Math.Min(span.End, HourStart(start, span) + OffsetSpan.SecondsPerHour);
    }

    /// <summary>The first second whose local day is this one or later.</summary>
    private long FirstSecond(long day)
    {
        OffsetSpan span = Spans.First(candidate => candidate.LocalDay(candidate.End - 1) >= day);
        return Math.Max(span.Start, (day * OffsetSpan.SecondsPerDay) - span.Offset);
    }

    private static Window Between(long start, long end) => new(DateTimeOffset.FromUnixTimeSeconds(start), DateTimeOffset.FromUnixTimeSeconds(end));

    private static LocalDate DateOf(long day) => LocalDate.FromDateTime(DateTime.UnixEpoch).PlusDays((int)day);

    private static long DayOf(LocalDate date) => Period.DaysBetween(LocalDate.FromDateTime(DateTime.UnixEpoch), date);

    private static long MonthKey(LocalDate date) => (date.Year * 100L) + date.Month;

    private static LocalDate FirstOfMonth(long key) => new((int)(key / 100), (int)(key % 100), 1);
}
