using Confluent.Kafka;
using Metering.EventLog.Kafka;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>A connection that fails many times a second is told once in half a minute, and explains what fails because of it.</summary>
public sealed class ClientLogTests : ILogger
{
    private const string Failure = "ssl://one:9093/bootstrap: SASL authentication error: no";

    private readonly StandingClock _time = new();
    private readonly List<string> _lines = [];
    private readonly ClientLog _log;

    public ClientLogTests() => _log = new ClientLog(this, new KafkaSecurityOptions { Sasl = KafkaSasl.Plain }, _time);

    [Fact]
    public void The_same_failure_is_told_once_in_half_a_minute_whoever_tells_it()
    {
        Fail($"{Failure} (after 6ms in state AUTH_REQ)");
        _log.Write(new Error(ErrorCode.Local_Authentication, $"{Failure} (after 6ms in state AUTH_REQ)"));
        Fail($"{Failure} (after 7ms in state AUTH_REQ, 1 identical error(s) suppressed)");
        Assert.Single(_lines);

        Fail("ssl://two:9093/bootstrap: SASL authentication error: no (after 6ms in state AUTH_REQ)");
        _log.Write(new Error(ErrorCode.Local_AllBrokersDown, "2/2 brokers are down"));
        Assert.Equal(3, _lines.Count);

        _time.Seconds += 30;
        Fail($"{Failure} (after 6ms in state AUTH_REQ)");
        Assert.Equal(4, _lines.Count);
    }

    [Fact]
    public void Everything_else_is_told_as_it_comes()
    {
        _log.Write(new LogMessage("", SyslogLevel.Info, "REBOOTSTRAP", "Starting"));
        _log.Write(new LogMessage("", SyslogLevel.Info, "REBOOTSTRAP", "Starting"));
        Assert.Equal(2, _lines.Count);
    }

    [Fact]
    public void The_newest_failure_explains_for_a_minute()
    {
        Assert.Equal("", _log.Trouble.Explain());
        Fail($"{Failure} (after 6ms in state AUTH_REQ)");
        Assert.Equal($"The newest connection failed: {Failure} (after 6ms in state AUTH_REQ). Check Security.Username and Security.Password.", _log.Trouble.Explain());
        _time.Seconds += 60;
        Assert.Equal("", _log.Trouble.Explain());
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Add(formatter(state, exception));

    private void Fail(string text) => _log.Write(new LogMessage("metering#producer-1", SyslogLevel.Error, "FAIL", $"[thrd:ssl://one:9093/bootstrap]: {text}"));

    private sealed class StandingClock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
