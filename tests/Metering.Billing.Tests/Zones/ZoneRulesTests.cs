using Metering.Billing.Zones;
using NodaTime;
using NodaTime.TimeZones;
using Xunit;

namespace Metering.Billing.Tests.Zones;

public class ZoneRulesTests
{
    [Theory]
    [InlineData("Europe/Berlin", "2026-03-29T01:59:59", "2026-03-29T00:59:59Z")]
    [InlineData("Europe/Berlin", "2026-03-29T02:00:00", "2026-03-29T01:00:00Z")] // 02:00 to 03:00 is missing: the first valid instant is 03:00
    [InlineData("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:00:00Z")]
    [InlineData("Europe/Berlin", "2026-03-29T03:00:00", "2026-03-29T01:00:00Z")]
    [InlineData("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z")] // 02:00 to 03:00 comes twice: the earlier
    [InlineData("Europe/Berlin", "2026-10-25T03:00:00", "2026-10-25T02:00:00Z")]
    [InlineData("America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:00:00Z")]
    [InlineData("America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z")]
    [InlineData("America/Sao_Paulo", "2018-11-04T00:00:00", "2018-11-04T03:00:00Z")] // midnight itself is missing
    [InlineData("Pacific/Apia", "2011-12-30T00:00:00", "2011-12-30T10:00:00Z")] // the whole day is missing
    [InlineData("Pacific/Apia", "2011-12-30T18:00:00", "2011-12-30T10:00:00Z")]
    [InlineData("Pacific/Apia", "2011-12-31T00:00:00", "2011-12-30T10:00:00Z")]
    [InlineData("Asia/Kathmandu", "2026-01-31T00:00:00", "2026-01-30T18:15:00Z")] // +05:45
    [InlineData("Pacific/Chatham", "2026-01-31T00:00:00", "2026-01-30T10:15:00Z")] // +13:45 in summer
    [InlineData("Pacific/Chatham", "2026-07-31T00:00:00", "2026-07-30T11:15:00Z")] // +12:45 in winter
    [InlineData("Europe/Brussels", "1885-01-01T00:00:00", "1884-12-31T23:42:30Z")] // +00:17:30, a second offset
    [InlineData("America/Juneau", "1800-01-01T00:00:00", "1799-12-31T08:57:41Z")] // +15:02:19 before the date line moved
    [InlineData("UTC", "9999-12-31T23:59:59", "9999-12-31T23:59:59Z")]
    public void A_local_time_is_the_first_instant_that_shows_it_or_later(string zone, string local, string instant) =>
        Assert.Equal(Instants.Utc(instant), Zone(zone).ToInstant(Instants.Local(local)));

    [Fact]
    public void A_missing_day_begins_with_the_day_after_it()
    {
        ZoneRules apia = Zone("Pacific/Apia");
        Assert.Equal(apia.StartOf(new DateOnly(2011, 12, 31)), apia.StartOf(new DateOnly(2011, 12, 30)));
        Assert.Equal(new DateOnly(2011, 12, 29), apia.DateOf(Instants.Utc("2011-12-30T09:59:59Z")));
        Assert.Equal(new DateOnly(2011, 12, 31), apia.DateOf(Instants.Utc("2011-12-30T10:00:00Z")));
    }

    /// <summary>Clocks of St John's went from 00:01 back to 23:01 of the day before.</summary>
    [Fact]
    public void A_date_that_has_begun_does_not_end_because_the_clock_is_set_back()
    {
        ZoneRules zone = Zone("America/St_Johns");
        DateTimeOffset midnight = zone.StartOf(new DateOnly(2006, 10, 29));
        Assert.Equal(new DateTime(2006, 10, 28, 23, 30, 0), zone.ToLocal(midnight.AddMinutes(30)));
        Assert.Equal(new DateOnly(2006, 10, 29), zone.DateOf(midnight.AddMinutes(30)));
        Assert.Equal(new DateOnly(2006, 10, 28), zone.DateOf(midnight.AddSeconds(-1)));
    }

    /// <summary>Every transition of every zone, and the minutes around it, against NodaTime's own conversions.</summary>
    [Fact]
    public void Every_zone_converts_as_its_source_does()
    {
        foreach (string id in TzdbZones.Instance.Ids)
        {
            DateTimeZone source = DateTimeZoneProviders.Tzdb[id];
            ZoneRules rules = Zone(id);
            foreach (ZoneInterval interval in source.GetZoneIntervals(Instant.FromUtc(1800, 1, 1, 0, 0), Instant.FromUtc(2110, 1, 1, 0, 0)).Where(one => one.HasStart))
            {
                foreach (int minutes in new[] { -90, -1, 0, 1, 90 })
                {
                    AssertSame(source, rules, interval.Start + Duration.FromMinutes(minutes));
                }
            }
        }
    }

    [Theory]
    [InlineData("Europe/Berlin")]
    [InlineData("America/New_York")]
    [InlineData("Pacific/Chatham")]
    [InlineData("Africa/Casablanca")]
    [InlineData("Asia/Kolkata")]
    public void Rules_go_on_for_ever(string id)
    {
        DateTimeZone source = DateTimeZoneProviders.Tzdb[id];
        for (int year = 2490; year < 9990; year += 41)
        {
            for (int month = 1; month <= 12; month++)
            {
                AssertSame(source, Zone(id), Instant.FromUtc(year, month, 28, 1, 0));
                AssertSame(source, Zone(id), Instant.FromUtc(year, month, 1, 1, 30));
            }
        }
    }

    [Fact]
    public void A_name_that_is_no_zone_is_not_found()
    {
        Assert.Null(TzdbZones.Instance.Find("Europe/Berlim"));
        Assert.Null(TzdbZones.Instance.Find("europe/berlin"));
        Assert.Null(TzdbZones.Instance.Find("UTC+02"));
        Assert.Null(TzdbZones.Instance.Find(""));
    }

    [Fact]
    public void Rules_say_which_release_they_are_of()
    {
        Assert.Equal(TzdbDateTimeZoneSource.Default.TzdbVersion, Zone("Europe/Berlin").TzdbVersion);
        Assert.Equal("Europe/Berlin", Zone("Europe/Berlin").Id);
        Assert.Same(Zone("Europe/Berlin"), Zone("Europe/Berlin"));
    }

    [Fact]
    public void Transitions_out_of_order_are_refused()
    {
        ZoneTransition early = new(Instants.Utc("2020-01-01T00:00:00Z"), TimeSpan.Zero);
        ZoneTransition late = new(Instants.Utc("2021-01-01T00:00:00Z"), TimeSpan.FromHours(1));
        Assert.Throws<ArgumentException>(() => ZoneRules.Create("X", "1", [late, early], late.At));
        Assert.Throws<ArgumentException>(() => ZoneRules.Create("X", "1", [], late.At));
    }

    [Fact]
    public void A_time_outside_the_years_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Zone("Asia/Tokyo").ToLocal(DateTimeOffset.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => Zone("Asia/Tokyo").ToInstant(DateTime.MinValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => Zone("America/Lima").ToInstant(DateTime.MaxValue));
    }

    private static void AssertSame(DateTimeZone source, ZoneRules rules, Instant instant)
    {
        LocalDateTime local = instant.InZone(source).LocalDateTime;
        Assert.Equal(local.ToDateTimeUnspecified(), rules.ToLocal(instant.ToDateTimeOffset()));
        Assert.Equal(NaiveInstant(source, local), rules.ToInstant(local.ToDateTimeUnspecified()));
        LocalDateTime missing = local.PlusMinutes(45);
        Assert.Equal(NaiveInstant(source, missing), rules.ToInstant(missing.ToDateTimeUnspecified()));
    }

    private static DateTimeOffset NaiveInstant(DateTimeZone source, LocalDateTime local)
    {
        ZoneLocalMapping mapping = source.MapLocal(local);
        return (mapping.Count == 0 ? mapping.LateInterval.Start : mapping.First().ToInstant()).ToDateTimeOffset();
    }

    private static ZoneRules Zone(string id) => TzdbZones.Instance.Find(id)!;
}
