using System.Globalization;
using Xunit;

namespace Metering.Billing.Tests.Calculator;

/// <summary>Answers depend on the request alone: not on the culture of the thread, nor on the zone of the host.</summary>
[CollectionDefinition(nameof(SameBytesTests), DisableParallelization = true)]
[Collection(nameof(SameBytesTests))]
public class SameBytesTests
{
    private const string Periods = """
        {"cases":[{"id":"1","zone":"Pacific/Chatham","interval":{"unit":"month","count":1},"anchor":{"at":"2024-01-31T09:30:15"},"start":"2024-01-10","from":"2023-10-01","count":9},
        {"id":"2","interval":{"unit":"week","count":1},"anchor":{"calendar":true},"start":"2024-01-10","count":0}]}
        """;

    private const string Prorate = """
        {"cases":[{"id":"1","currency":"USD","zone":"Europe/Berlin","period":["2026-03-01","2026-04-01"],
        "charges":[{"id":"a","amount":"-1234.5678","to":"2026-03-29"},{"id":"b","amount":"1234567.89","to":"2026-03-29","billed":"1000"}]}]}
        """;

    [Fact]
    public void The_culture_and_the_zone_of_the_host_change_no_byte()
    {
        (string periods, string prorate) = (TimeCalculators.Periods(Periods), TimeCalculators.Prorate(Prorate));
        CultureInfo culture = CultureInfo.CurrentCulture;
        string? host = Environment.GetEnvironmentVariable("TZ");
        try
        {
            CultureInfo.CurrentCulture = Strange();
            Assert.Equal("1;5 ~3", string.Format(CultureInfo.CurrentCulture, "{0} {1}", 1.5, -3));
            foreach (string zone in new[] { "Asia/Tokyo", "America/New_York", "Pacific/Apia" })
            {
                Environment.SetEnvironmentVariable("TZ", zone);
                TimeZoneInfo.ClearCachedData();
                Assert.Equal(zone, TimeZoneInfo.Local.Id);
                Assert.Equal(periods, TimeCalculators.Periods(Periods));
                Assert.Equal(prorate, TimeCalculators.Prorate(Prorate));
            }
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
            Environment.SetEnvironmentVariable("TZ", host);
            TimeZoneInfo.ClearCachedData();
        }
    }

    private static CultureInfo Strange()
    {
        CultureInfo strange = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        strange.NumberFormat.NegativeSign = "~";
        strange.NumberFormat.NumberDecimalSeparator = ";";
        strange.DateTimeFormat.TimeSeparator = ".";
        strange.DateTimeFormat.DateSeparator = "#";
        return strange;
    }
}
