using System.Text;
using CsCheck;
using Xunit;

namespace Metering.Contracts.Tests;

public class EventTimeTests
{
    [Theory]
    [InlineData("2024-02-29T12:00:00Z", "2024-02-29T12:00:00.0000000")]
    [InlineData("2024-02-29t12:00:00.5z", "2024-02-29T12:00:00.5000000")]
    [InlineData("2023-11-16 18:17:03.9799600Z", "2023-11-16T18:17:03.9799600")]
    [InlineData("2024-03-01T05:44:59.123456789+05:45", "2024-02-29T23:59:59.1234567")]
    [InlineData("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.9999999")]
    [InlineData("2024-01-01T00:00:00-23:59", "2024-01-01T23:59:00.0000000")]
    [InlineData("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.9999999")]
    public void Instants_are_read_to_100_ns(string text, string utc)
    {
        Assert.True(EventTime.TryParse(Encoding.UTF8.GetBytes(text), out long ticks));
        Assert.Equal(utc, new DateTime(ticks, DateTimeKind.Unspecified).ToString("yyyy-MM-ddTHH:mm:ss.fffffff", null));
    }

    [Theory]
    [InlineData("2023-02-29T12:00:00Z")]
    [InlineData("2024-02-29T24:00:00Z")]
    [InlineData("2024-02-29T12:00:00")]
    [InlineData("2024-02-29T12:00Z")]
    [InlineData("2024-02-29T12:00:00.Z")]
    [InlineData("2024-02-29T12:00:00+0545")]
    [InlineData("0000-01-01T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00+01:00")]
    [InlineData("2024-13-01T00:00:00Z")]
    [InlineData("１024-12-01T00:00:00Z")]
    [InlineData("")]
    public void Everything_else_is_refused(string text) => Assert.False(EventTime.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void A_minute_owns_its_start_and_not_its_end() =>
        Gen.Long[EventTime.Earliest.Ticks, new DateTime(2100, 1, 1).Ticks].Sample(ticks =>
        {
            long start = DateTimeOffset.UnixEpoch.Ticks + (EventTime.Minute(ticks) * TimeSpan.TicksPerMinute);
            return start <= ticks && ticks < start + TimeSpan.TicksPerMinute && EventTime.Minute(start) == EventTime.Minute(ticks)
                && EventTime.Minute(start - 1) == EventTime.Minute(ticks) - 1;
        });

    [Fact]
    public void What_dotnet_writes_is_read_back() =>
        Gen.Long[DateTime.MinValue.AddDays(2).Ticks, DateTime.MaxValue.AddDays(-2).Ticks].Select(Gen.Int[-840, 840]).Sample((ticks, offset) =>
        {
            DateTimeOffset local = new DateTimeOffset(ticks, TimeSpan.Zero).ToOffset(TimeSpan.FromMinutes(offset));
            return EventTime.TryParse(Encoding.UTF8.GetBytes(local.ToString("O")), out long read) && read == ticks;
        });
}
