namespace Metering.EventLog.Kafka;

/// <summary>
/// Why no connection comes about. Clients say it to their log; the requests that wait for a connection end with "timed out". Safe for concurrent use.
/// </summary>
internal sealed class ConnectionTrouble(KafkaSecurityOptions security, TimeProvider time)
{
    // The client lets up to 15 s pass between two tries.
    private static readonly TimeSpan s_memory = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private string _newest = "";
    private long _at;

    public void Note(string trouble)
    {
        lock (_lock)
        {
            (_newest, _at) = (trouble, time.GetTimestamp());
        }
    }

    /// <summary>The newest trouble and what to do about it; empty when there was none within a minute.</summary>
    public string Explain()
    {
        lock (_lock)
        {
            return _newest.Length > 0 && time.GetElapsedTime(_at) < s_memory
                ? $"The newest connection failed: {_newest}. {ConnectionRemedy.For(_newest, security)}".TrimEnd()
                : "";
        }
    }
}
