using Metering.EventLog;
using Microsoft.Extensions.Logging;

namespace Metering.Simulation.Running;

/// <summary>Makes what a process says part of the story. A partition that stops, or an error that no fault explains, is a violation.</summary>
internal sealed class NodeLogger<T>(World world, Node node, Func<bool> mayStop) : ILogger<T>
{
    private const int Stopped = 3003;
    private const int AuditFinding = 3011;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        world.CheckThread();
        string text = $"{node.Name}: {formatter(state, exception)} {exception?.GetType().Name}";
        world.Tell(text);
        if ((eventId.Id == Stopped && !mayStop()) || eventId.Id == AuditFinding)
        {
            world.Violate(text);
        }

        if (exception is not (null or Npgsql.NpgsqlException or HttpRequestException or EventLogUnavailableException or OperationCanceledException))
        {
            world.Violate($"{text}: {exception}");
        }
    }
}
