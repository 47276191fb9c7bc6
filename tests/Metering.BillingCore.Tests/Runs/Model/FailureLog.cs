using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Metering.BillingCore.Tests.Runs.Model;

/// <summary>Exceptions that the role has logged, so that an answer of 500 can be read.</summary>
internal sealed class FailureLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<Exception> _failures = [];

    public string Text => string.Join("\n", _failures);

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel) && exception is not null)
        {
            _failures.Enqueue(exception);
        }
    }

    public void Dispose()
    {
    }
}
