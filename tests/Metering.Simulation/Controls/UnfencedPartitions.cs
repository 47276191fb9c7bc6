using Metering.Simulation.Postgres;
using Metering.Simulation.Running;

namespace Metering.Simulation.Controls;

/// <summary>Without the fence: a former owner's write counts like the owner's.</summary>
internal sealed class UnfencedPartitions(World world, int partitions) : PartitionTable(world, partitions)
{
    public override bool IsOwn(Row row, long epoch) => true;
}
