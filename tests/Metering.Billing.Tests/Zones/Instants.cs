using System.Globalization;

namespace Metering.Billing.Tests.Zones;

/// <summary>Times as people write them.</summary>
internal static class Instants
{
    public static DateTimeOffset Utc(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    public static DateTime Local(string text) => DateTime.Parse(text, CultureInfo.InvariantCulture);
}
