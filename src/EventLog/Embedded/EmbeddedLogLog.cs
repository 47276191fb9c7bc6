using Microsoft.Extensions.Logging;

namespace Metering.EventLog.Embedded;

internal static partial class EmbeddedLogLog
{
    [LoggerMessage(3000, LogLevel.Information, "Topic {Topic} opened: offsets [{Begin}, {End}), {Partitions} partitions, id {Id}")]
    public static partial void TopicOpened(this ILogger logger, string topic, long begin, long end, int partitions, string id);

    [LoggerMessage(3001, LogLevel.Information, "Topic {Topic} closed at offset {End}")]
    public static partial void TopicClosed(this ILogger logger, string topic, long end);

    [LoggerMessage(3002, LogLevel.Error, "Topic {Topic} cannot write; appends are refused until it can. Durable up to offset {End}")]
    public static partial void WriteFailed(this ILogger logger, Exception cause, string topic, long end);

    [LoggerMessage(3003, LogLevel.Warning, "Topic {Topic} cannot be opened again after a write failure")]
    public static partial void ReopenFailed(this ILogger logger, Exception cause, string topic);

    [LoggerMessage(3004, LogLevel.Information, "Topic {Topic} writes again, from offset {End}")]
    public static partial void Reopened(this ILogger logger, string topic, long end);

    [LoggerMessage(3005, LogLevel.Warning, "Topic {Topic} could not save a recovery point; the next start reads more of the log")]
    public static partial void RecoveryPointFailed(this ILogger logger, Exception cause, string topic);

    [LoggerMessage(3006, LogLevel.Information, "Topic {Topic}: retention deleted offsets [{From}, {To})")]
    public static partial void Truncated(this ILogger logger, string topic, long from, long to);

    [LoggerMessage(3007, LogLevel.Warning, "Topic {Topic}: retention failed and will be tried again")]
    public static partial void RetentionFailed(this ILogger logger, Exception cause, string topic);
}
