using System.Globalization;
using CsCheck;
using Metering.Query.Http;
using Metering.Query.Tests.Testing;
using Metering.Query.Windows;
using Xunit;

namespace Metering.Query.Tests.Windows;

public class ZoneWindowsTests
{
    [Theory]
    [InlineData("UTC", "HOUR", "2024-03-10T07:30Z", "2024-03-10T07:00Z", "2024-03-10T08:00Z")]
    [InlineData("Europe/Budapest", "DAY", "2024-03-31T10:00Z", "2024-03-30T23:00Z", "2024-03-31T22:00Z")] // 23 hours
    [InlineData("Europe/Budapest", "DAY", "2024-10-27T10:00Z", "2024-10-26T22:00Z", "2024-10-27T23:00Z")] // 25 hours
    [InlineData("Europe/Budapest", "HOUR", "2024-10-27T00:30Z", "2024-10-27T00:00Z", "2024-10-27T01:00Z")] // the first 02:00
    [InlineData("Europe/Budapest", "HOUR", "2024-10-27T01:30Z", "2024-10-27T01:00Z", "2024-10-27T02:00Z")] // the second 02:00
    [InlineData("Europe/Budapest", "MONTH", "2024-10-27T01:30Z", "2024-09-30T22:00Z", "2024-10-31T23:00Z")]
    [InlineData("Asia/Kathmandu", "HOUR", "2024-01-01T00:20Z", "2024-01-01T00:15Z", "2024-01-01T01:15Z")] // +05:45
    [InlineData("Asia/Kathmandu", "DAY", "2024-01-01T00:20Z", "2023-12-31T18:15Z", "2024-01-01T18:15Z")]
    [InlineData("Pacific/Apia", "DAY", "2011-12-30T09:59Z", "2011-12-29T10:00Z", "2011-12-30T10:00Z")] // the last instant of the 29th
    [InlineData("Pacific/Apia", "DAY", "2011-12-30T10:00Z", "2011-12-30T10:00Z", "2011-12-31T10:00Z")] // the 31st: there was no 30th
    [InlineData("Pacific/Apia", "MONTH", "2011-12-30T10:00Z", "2011-12-01T10:00Z", "2011-12-31T10:00Z")]
    [InlineData("Australia/Lord_Howe", "HOUR", "2024-04-06T15:10Z", "2024-04-06T15:00Z", "2024-04-06T15:30Z")] // half an hour is repeated
    [InlineData("Australia/Lord_Howe", "HOUR", "2024-04-06T14:40Z", "2024-04-06T14:00Z", "2024-04-06T15:00Z")]
    [InlineData("America/Sao_Paulo", "DAY", "2018-11-04T12:00Z", "2018-11-04T03:00Z", "2018-11-05T02:00Z")] // begins at 01:00
    [InlineData("America/Sao_Paulo", "DAY", "2018-02-18T02:30Z", "2018-02-17T02:00Z", "2018-02-18T03:00Z")] // 23:00 comes twice
    [InlineData("America/St_Johns", "DAY", "2010-11-07T02:45Z", "2010-11-07T02:30Z", "2010-11-08T03:30Z")] // back over midnight at 00:01
    public void A_window_is_that_of_the_local_clock(string zone, string size, string instant, string start, string end)
    {
        ZoneWindows windows = ZoneWindows.Over(WindowSizeName.Parse(size)!.Value, zone, At(instant), At(instant));

        Assert.Equal(new Window(At(start), At(end)), windows.WindowOf(windows.KeyOf(At(instant).ToUnixTimeSeconds())));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(200)]
    [InlineData(3)]
    public void Windows_agree_with_walking_the_clock_minute_by_minute(int iterations)
    {
        WindowSize size = iterations switch { 1000 => WindowSize.Hour, 200 => WindowSize.Day, _ => WindowSize.Month };
        (TimeSpan length, TimeSpan margin) = size switch
        {
            WindowSize.Hour => (TimeSpan.FromHours(3), TimeSpan.FromHours(2)),
            WindowSize.Day => (TimeSpan.FromHours(8), TimeSpan.FromHours(51)),
            _ => (TimeSpan.FromHours(30), TimeSpan.FromDays(33)),
        };
        Gen.Select(Pick.From(NaiveWindows.Zones), Gen.Int[0, 23 * 365 * 24], Gen.Bool).Sample((zone, hours, nearChange) =>
        {
            DateTimeOffset from = new DateTimeOffset(2000, 2, 3, 0, 0, 0, TimeSpan.Zero).AddHours(hours);
            from = nearChange ? NextChange(zone, from) : from;
            ZoneWindows windows = ZoneWindows.Over(size, zone, from, from + length);
            foreach ((DateTimeOffset minute, Window expected) in NaiveWindows.Over(size, zone, from, from + length, margin))
            {
                Window actual = windows.WindowOf(windows.KeyOf(minute.ToUnixTimeSeconds()));
                Assert.True(expected == actual, $"{zone} {size} {minute:O}: expected {expected}, got {actual}");
            }
        }, iter: iterations);
    }

    [Fact]
    public void Windows_tile_the_time_line()
    {
        Gen.Select(Pick.From(NaiveWindows.Zones), Gen.Enum<WindowSize>(), Gen.Int[0, 23 * 365]).Sample((zone, size, days) =>
        {
            DateTimeOffset from = new DateTimeOffset(2000, 2, 3, 0, 0, 0, TimeSpan.Zero).AddDays(days);
            ZoneWindows windows = ZoneWindows.Over(size, zone, from, from.AddDays(40));
            Window window = windows.WindowOf(windows.KeyOf(from.ToUnixTimeSeconds()));
            for (int i = 0; i < 30 && window.End < from.AddDays(40); i++)
            {
                Assert.True(window.Start < window.End);
                Window next = windows.WindowOf(windows.KeyOf(window.End.ToUnixTimeSeconds()));
                Assert.Equal(window.End, next.Start);
                window = next;
            }
        });
    }

    [Theory]
    [InlineData("Mars/Olympus")]
    [InlineData("")]
    [InlineData("europe/budapest ")]
    public void An_unknown_zone_is_refused(string zone) =>
        Assert.Throws<RefusedException>(() => ZoneWindows.Over(WindowSize.Day, zone, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch));

    /// <summary>Somewhat before the offset changes next; the same instant where it never does.</summary>
    private static DateTimeOffset NextChange(string zone, DateTimeOffset from)
    {
        TimeZoneInfo clock = TimeZoneInfo.FindSystemTimeZoneById(zone);
        TimeSpan offset = clock.GetUtcOffset(from);
        for (int hour = 1; hour < 366 * 24; hour++)
        {
            if (clock.GetUtcOffset(from.AddHours(hour)) != offset)
            {
                return from.AddHours(hour - 2);
            }
        }

        return from;
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.ParseExact(text, "yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
