using Microsoft.Extensions.Logging;

namespace Metering.Ingest.Telemetry;

/// <summary>The component's log messages: event ids 1000 to 1999.</summary>
internal static partial class IngestLog
{
    [LoggerMessage(1000, LogLevel.Warning, "The log did not take a batch of {Records} records within {Timeout}; it is in doubt")]
    public static partial void AppendTimedOut(this ILogger log, int records, TimeSpan timeout);

    [LoggerMessage(1001, LogLevel.Warning, "The log refused records of a batch of {Records}; the first because: {Failure}")]
    public static partial void AppendRefused(this ILogger log, int records, string failure);

    [LoggerMessage(1002, LogLevel.Error, "Request {RequestId} failed")]
    public static partial void RequestFailed(this ILogger log, Exception error, string requestId);

    [LoggerMessage(1003, LogLevel.Debug, "Request {RequestId} was given up by the client")]
    public static partial void RequestAborted(this ILogger log, string requestId);

    [LoggerMessage(1004, LogLevel.Warning, "API keys cannot be checked")]
    public static partial void KeysUnavailable(this ILogger log, Exception error);

    [LoggerMessage(1005, LogLevel.Debug, "Tenant {Tenant}: {Accepted} events accepted, {Rejected} rejected")]
    public static partial void BatchTaken(this ILogger log, string tenant, int accepted, int rejected);
}
