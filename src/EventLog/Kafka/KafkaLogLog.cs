using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Metering.EventLog.Kafka;

internal static partial class KafkaLogLog
{
    [LoggerMessage(3100, LogLevel.Information, "Topic {Topic} opened on Kafka: {Partitions} partitions, id {Id}")]
    public static partial void TopicOpened(this ILogger logger, string topic, int partitions, string id);

    [LoggerMessage(3101, LogLevel.Information, "Topic {Topic} made on Kafka: {Partitions} partitions, {Replicas} replicas")]
    public static partial void TopicMade(this ILogger logger, string topic, int partitions, int replicas);

    [LoggerMessage(3102, LogLevel.Warning, "Kafka: {Code}: {Reason}")]
    public static partial void ClientError(this ILogger logger, ErrorCode code, string reason);

    [LoggerMessage(3103, LogLevel.Error, "The Kafka producer is given up and replaced; records on their way were refused. {Code}: {Reason}")]
    public static partial void ProducerGivenUp(this ILogger logger, ErrorCode code, string reason);

    [LoggerMessage(3104, LogLevel.Warning, "Topic {Topic} has no id on this cluster; that it was deleted and made again would not be noticed")]
    public static partial void TopicWithoutId(this ILogger logger, string topic);

    /// <summary>What the client library says of itself, at its own level.</summary>
    public static void Client(this ILogger logger, LogMessage message) =>
        logger.ClientSays(LevelOf(message.Level), message.Facility, message.Message);

    private static LogLevel LevelOf(SyslogLevel level) => level switch
    {
        SyslogLevel.Emergency or SyslogLevel.Alert or SyslogLevel.Critical => LogLevel.Critical,
        SyslogLevel.Error => LogLevel.Error,
        SyslogLevel.Warning => LogLevel.Warning,
        SyslogLevel.Notice or SyslogLevel.Info => LogLevel.Information,
        SyslogLevel.Debug => LogLevel.Debug,
    };

    [LoggerMessage(EventId = 3105, Message = "Kafka client, {Facility}: {Text}")]
    private static partial void ClientSays(this ILogger logger, LogLevel level, string facility, string text);
}
