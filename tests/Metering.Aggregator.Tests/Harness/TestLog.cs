using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.Tests.Harness;

/// <summary>Keeps the last lines, for the message of a test that fails.</summary>
internal sealed class TestLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public static TestLog Instance { get; } = new();

    public string Tail() => string.Join('\n', _lines.TakeLast(40));

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        _lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");
        while (_lines.Count > 500 && _lines.TryDequeue(out _))
        {
        }
    }

    public void Dispose()
    {
    }
}
