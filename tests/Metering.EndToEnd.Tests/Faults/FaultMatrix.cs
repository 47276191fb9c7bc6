namespace Metering.EndToEnd.Tests.Faults;

/// <summary>The faults that are rehearsed on the real processes, in the order of docs/RELIABILITY.md.</summary>
internal static class FaultMatrix
{
    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        .. ProcessFaults.Rows, .. DiskFaults.Rows, .. BrokerFaults.Rows, .. ClickHouseFaults.Rows, .. PostgresFaults.Rows, .. BillingFaults.Rows, .. NetworkFaults.Rows,
        .. ClockFaults.Rows, .. WorkloadFaults.Rows, .. CapacityFaults.Rows, RollingUpgrade.Row, .. Suites.Rows, .. ZombieFaults.Rows, NodeLoss.Row, .. StoreFaults.Rows,
    ];
}
