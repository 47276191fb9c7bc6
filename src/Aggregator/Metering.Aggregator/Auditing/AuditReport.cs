namespace Metering.Aggregator.Auditing;

/// <summary>Events in = events counted, or exactly what differs.</summary>
/// <param name="Records">Taken from the log: accepted + duplicates + dead letters + ticks.</param>
/// <param name="EventsRecomputed">Counted again by the engine, once per meter they belong to or not.</param>
/// <param name="WindowRows">Stored window rows compared with the recomputation.</param>
/// <param name="PendingMeters">Meters still being back-filled: not compared yet.</param>
/// <param name="UnmatchedCorrections">Voids and amendments whose event had not come when the horizon passed. They changed nothing.</param>
/// <param name="Findings">Empty when everything is exact.</param>
public sealed record AuditReport(
    DateTimeOffset At, long Records, long Accepted, long Duplicates, long DeadLetters, long Ticks, long EventsRecomputed, long WindowRows, int PendingMeters, long UnmatchedCorrections,
    IReadOnlyList<string> Findings)
{
    public bool IsExact => Findings.Count == 0;
}
