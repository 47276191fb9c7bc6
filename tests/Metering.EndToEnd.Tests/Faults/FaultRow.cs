using Metering.EndToEnd.Tests.Running;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>One fault of the matrix.</summary>
/// <param name="Id">As in docs/RELIABILITY.md.</param>
/// <param name="Fault">What breaks.</param>
/// <param name="How">How it is broken here.</param>
/// <param name="BreakAsync">Breaks it under load, and returns when it is whole again.</param>
internal sealed record FaultRow(string Id, string Fault, string How, Func<MeteringCluster, Task> BreakAsync);

/// <summary>What a row came to.</summary>
/// <param name="InDoubt">Outcomes that somebody never learnt: requests of senders, answers of stores, flushes that were sent again.</param>
/// <param name="Lost">Acknowledged events that are not stored.</param>
/// <param name="Doubled">Stored more than once, or never sent.</param>
/// <param name="Recovery">From the end of the fault until everything acknowledged could be queried.</param>
/// <param name="Verdict">Of the audit and of the windows counted again from the stored events: exact, or what differs.</param>
internal sealed record FaultResult(FaultRow Row, int Sent, int InDoubt, int Lost, int Doubled, TimeSpan Recovery, string Verdict)
{
    public bool IsExact => Lost == 0 && Doubled == 0 && Verdict == "exact";
}
