namespace Metering.Host.Client;

/// <summary>The server refused a request, or could not be reached. The message is one sentence for people.</summary>
internal sealed class ServerException(string message, int? status) : Exception(message)
{
    /// <summary>The HTTP status; null when there was no answer.</summary>
    public int? Status { get; } = status;

    /// <summary>A refusal is an answer; no answer, or one that the server could not work out, is none.</summary>
    public int ExitCode => Status is >= 400 and < 500 ? Commands.ExitCode.Failed : Commands.ExitCode.CannotRun;
}
