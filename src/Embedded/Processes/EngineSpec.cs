using System.Diagnostics;

namespace Metering.Embedded.Processes;

/// <summary>What the supervisor needs to know of an engine.</summary>
internal sealed record EngineSpec(
    string Name,
    string Endpoint,
    Func<ProcessStartInfo> StartInfo,
    Func<CancellationToken, Task<bool>> IsReady,
    int StopSignal,
    TimeSpan StartTimeout,
    TimeSpan StopTimeout)
{
    /// <summary>More of the engine's own words for an error, such as the end of its log file.</summary>
    public Func<string>? Diagnostics { get; init; }
}
