using Metering.EventLog.Kafka;

namespace Metering.Host.Settings;

/// <summary>Section <c>Kafka</c>: a cluster that holds the log instead of the embedded one.</summary>
internal static class KafkaSettings
{
    public const string Section = "Kafka";

    public const string BootstrapServers = $"{Section}:{nameof(KafkaEventLogOptions.BootstrapServers)}";

    /// <returns>Null when no cluster is named.</returns>
    public static KafkaEventLogOptions? Of(IConfiguration configuration) =>
        string.IsNullOrEmpty(configuration[BootstrapServers]) ? null : configuration.GetSection(Section).Get<KafkaEventLogOptions>();
}
