using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Running;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>One fault of the matrix.</summary>
/// <param name="Id">As in docs/RELIABILITY.md.</param>
/// <param name="Fault">What breaks.</param>
/// <param name="How">How it is broken here.</param>
/// <param name="RunAsync">Runs it, and says what it came to.</param>
internal sealed record FaultRow(string Id, string Fault, string How, Func<FaultRow, Task<FaultResult>> RunAsync)
{
    /// <summary>On the processes of a deployment.</summary>
    /// <param name="strikeAsync">Breaks it under load, and returns when it is whole again.</param>
    /// <param name="mix">What is sent; null for the usual.</param>
    public static FaultRow OnCluster(string id, string fault, string how, Func<MeteringCluster, Task<Strike>> strikeAsync, EventMix[]? mix = null) =>
        new(id, fault, how, row => FaultRun.RunAsync(row, () => StartClusterAsync(null), strikeAsync, mix));

    /// <summary>On <c>metering up</c>, with its embedded log and engines.</summary>
    /// <param name="with">What that one process is started with; null for the usual.</param>
    /// <inheritdoc cref="OnCluster"/>
    public static FaultRow OnOneMachine(
        string id, string fault, string how, Func<OneMachine, Task<Strike>> strikeAsync, Func<OneMachineOptions>? with = null, EventMix[]? mix = null) =>
        new(id, fault, how, row => FaultRun.RunAsync(row, () => OneMachine.StartAsync(with?.Invoke() ?? new OneMachineOptions()), strikeAsync, mix));

    /// <param name="program">Another build of the program; null for this one.</param>
    public static async Task<MeteringCluster> StartClusterAsync(string? program)
    {
        MeteringCluster cluster = await MeteringCluster.StartAsync(program);
        await Task.WhenAll(cluster.AddIngestAsync(), cluster.AddIngestAsync(), cluster.AddAggregatorAsync(), cluster.AddAggregatorAsync());
        return cluster;
    }
}

/// <summary>What a fault did.</summary>
/// <param name="Runs">How often it struck.</param>
/// <param name="InDoubt">Outcomes nobody learnt, beyond those that the deployment counts by itself.</param>
/// <param name="Note">What else there is to say, such as the name a stop had.</param>
internal sealed record Strike(int Runs, int InDoubt = 0, string? Note = null);

/// <summary>What a row came to.</summary>
/// <param name="Runs">How often the fault struck.</param>
/// <param name="InDoubt">Outcomes that somebody never learnt: requests of senders, answers of stores, flushes that were sent again.</param>
/// <param name="Lost">Acknowledged events that are not stored.</param>
/// <param name="Doubled">Stored more than once, or never sent.</param>
/// <param name="Recovery">From the end of the fault until everything acknowledged could be queried; null where that has no meaning.</param>
/// <param name="Difference">What the audit, the windows counted again, or the fault itself has to object; null for nothing.</param>
/// <param name="Note">What else there is to say.</param>
internal sealed record FaultResult(
    FaultRow Row, int Runs, long Sent, int InDoubt, long Lost, long Doubled, TimeSpan? Recovery, string? Difference, string? Note = null)
{
    public bool IsExact => Lost == 0 && Doubled == 0 && Difference is null;

    public string Verdict => Difference ?? (Note is null ? "exact" : $"exact; {Note}");
}
