using System.Text.RegularExpressions;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Metering.EventLog.Kafka;

/// <summary>
/// What the clients of one log say of themselves, written to ours. A connection that fails is tried again many times a second, and each failure is
/// told twice, as a message and as an error; here it is told once in a while. Safe for concurrent use.
/// </summary>
internal sealed partial class ClientLog(ILogger logger, KafkaSecurityOptions security, TimeProvider time)
{
    private const string ConnectionFailed = "FAIL";

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _told = [];

    /// <summary>Why the newest connection failed.</summary>
    public ConnectionTrouble Trouble { get; } = new(security, time);

    public void Write(LogMessage message)
    {
        if (message.Facility != ConnectionFailed)
        {
            logger.Client(message);
            return;
        }

        string text = Thread().Replace(message.Message, "");
        Trouble.Note(text);
        if (IsNew(text))
        {
            logger.Client(message);
        }
    }

    public void Write(Error error)
    {
        if (error.Code == ErrorCode.Local_Authentication)
        {
            Trouble.Note(error.Reason);
        }

        if (IsNew(error.Reason))
        {
            logger.ClientError(error.Code, error.Reason);
        }
    }

    private bool IsNew(string text)
    {
        string same = Moment().Replace(text, "");
        long now = time.GetTimestamp();
        lock (_lock)
        {
            if (_told.TryGetValue(same, out long at) && time.GetElapsedTime(at, now) < s_pause)
            {
                return false;
            }

            foreach (string old in _told.Where(one => time.GetElapsedTime(one.Value, now) >= s_pause).Select(one => one.Key).ToArray())
            {
                _told.Remove(old);
            }

            _told[same] = now;
            return true;
        }
    }

    [GeneratedRegex(@"^\[thrd:.*?\]: ")]
    private static partial Regex Thread();

    [GeneratedRegex(@" \(after \d+ms in state .*\)$")]
    private static partial Regex Moment();
}
