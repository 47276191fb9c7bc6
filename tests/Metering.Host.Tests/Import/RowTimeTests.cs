using System.Globalization;
using Metering.Host.Import;
using Metering.Host.Settings;
using Xunit;

namespace Metering.Host.Tests.Import;

public sealed class RowTimeTests
{
    [Theory]
    [InlineData(null, "2023-11-16 18:17:03.9799600", "2023-11-16T18:17:03.9799600")]
    [InlineData(null, "2023-11-16T18:17:03Z", "2023-11-16T18:17:03.0000000")]
    [InlineData(null, "2023-11-16T18:17:03+02:00", "2023-11-16T16:17:03.0000000")]
    [InlineData(null, "2023-11-16", "2023-11-16T00:00:00.0000000")]
    [InlineData("unix", "1700158623", "2023-11-16T18:17:03.0000000")]
    [InlineData("unix", "1700158623.9799600", "2023-11-16T18:17:03.9799600")]
    [InlineData("unix-ms", "1700158623979", "2023-11-16T18:17:03.9790000")]
    [InlineData("unix-us", "1700158623979960", "2023-11-16T18:17:03.9799600")]
    [InlineData("unix-ns", "1700158623979960199", "2023-11-16T18:17:03.9799601")]
    [InlineData("dd.MM.yyyy HH:mm:ss", "16.11.2023 18:17:03", "2023-11-16T18:17:03.0000000")]
    [InlineData("yyyyMMddHHmmss.fffffff", "20231116181703.9799600", "2023-11-16T18:17:03.9799600")]
    public void Times_keep_their_digits_and_are_UTC_without_a_zone(string? format, string text, string expected)
    {
        Assert.True(RowTime.For(format).TryParse(text, out long ticks));
        Assert.Equal(expected, new DateTime(ticks).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff", CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData(null, "yesterday")]
    [InlineData(null, "")]
    [InlineData(null, "2023-02-29")]
    [InlineData("unix", "1e10")]
    [InlineData("unix", "99999999999999999999999")]
    [InlineData("dd.MM.yyyy", "11/16/2023")]
    public void What_is_no_time_is_refused(string? format, string text) => Assert.False(RowTime.For(format).TryParse(text, out _));

    [Fact]
    public void A_format_that_formats_nothing_is_refused_at_once() => Assert.Throws<SettingsException>(() => RowTime.For("unixtime%"));
}
