namespace Metering.EventLog;

/// <summary>Records that were acknowledged are damaged or missing. The log stops here rather than skipping them.</summary>
public sealed class EventLogCorruptException(string topic, long offset, string message)
    : Exception($"The log of topic '{topic}' is damaged at offset {offset}: {message}")
{
    public string Topic { get; } = topic;

    /// <summary>Where the damage begins: every record below it is intact.</summary>
    public long Offset { get; } = offset;
}
