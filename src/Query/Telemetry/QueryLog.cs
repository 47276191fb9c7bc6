using Microsoft.Extensions.Logging;

namespace Metering.Query.Telemetry;

internal static partial class QueryLog
{
    [LoggerMessage(5000, LogLevel.Warning, "{Path} took longer than allowed.")]
    public static partial void TimedOut(this ILogger log, string path, Exception failure);

    [LoggerMessage(5001, LogLevel.Error, "{Path} failed.")]
    public static partial void Failed(this ILogger log, string path, Exception failure);

    [LoggerMessage(5002, LogLevel.Information, "Meter {Slug} of tenant {Tenant}: {What}.")]
    public static partial void MeterChanged(this ILogger log, string tenant, string slug, string what);
}
