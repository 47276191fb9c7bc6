namespace Metering.Embedded;

/// <summary>An embedded engine cannot be fetched, started or kept running; the message says what the operator can do about it.</summary>
public sealed class EngineException : Exception
{
    public EngineException(string message) : base(message)
    {
    }

    public EngineException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
