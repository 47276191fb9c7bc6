using Metering.EndToEnd.Tests.Running;
using static Metering.EndToEnd.Tests.Faults.Striking;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>Roads that are blocked, cut or slow.</summary>
internal static class NetworkFaults
{
    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        FaultRow.OnCluster("N1", "the road to ClickHouse blocked", "connections open, nothing passes, 8 s", cluster => ForAsync(8, cluster.ClickHouseRoad.Block, cluster.ClickHouseRoad.Mend)),
        FaultRow.OnCluster("N2", "PostgreSQL away", "every connection broken and refused, 8 s: longer than two leases", cluster => ForAsync(8, cluster.PostgresRoad.Cut, cluster.PostgresRoad.Mend)),
        FaultRow.OnCluster("N3", "PostgreSQL slow", "150 ms more in each direction, 8 s", cluster => ForAsync(8, () => cluster.PostgresRoad.Delay = TimeSpan.FromMilliseconds(150), () => cluster.PostgresRoad.Delay = TimeSpan.Zero)),
    ];

}
