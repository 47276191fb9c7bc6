using System.Text.RegularExpressions;
using Confluent.Kafka;

namespace Metering.EventLog.Kafka;

/// <summary>
/// Why no connection comes about. The client says it to its log, and some of it to its error handler; the requests that wait for a connection end
/// with "timed out". Safe for concurrent use.
/// </summary>
internal sealed partial class ConnectionTrouble(KafkaSecurityOptions security, TimeProvider time)
{
    private const string ConnectionFailed = "FAIL";

    // The client repeats what stays the same after 30 s, and lets up to 15 s pass between two tries.
    private static readonly TimeSpan s_memory = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private string _newest = "";
    private long _at;

    public void Note(LogMessage message)
    {
        if (message.Facility == ConnectionFailed)
        {
            Note(Thread().Replace(message.Message, ""));
        }
    }

    public void Note(Error error)
    {
        if (error.Code == ErrorCode.Local_Authentication)
        {
            Note(error.Reason);
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

    private void Note(string trouble)
    {
        lock (_lock)
        {
            (_newest, _at) = (trouble, time.GetTimestamp());
        }
    }

    [GeneratedRegex(@"^\[thrd:.*?\]: ")]
    private static partial Regex Thread();
}
