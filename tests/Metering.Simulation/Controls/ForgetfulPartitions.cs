using Metering.Aggregator.Partitions;
using Metering.Simulation.Postgres;
using Metering.Simulation.Running;

namespace Metering.Simulation.Controls;

/// <summary>Without pending before insert: nobody knows what a dead owner had on its way.</summary>
internal sealed class ForgetfulPartitions(World world, int partitions) : PartitionTable(world, partitions)
{
    public override bool Begin(FlushStep step, TimeSpan lease) => IsOwn(Rows[step.Part], step.Epoch) && Rows[step.Part].Confirmed < step.Lo;

    public override bool Confirm(FlushStep step, TimeSpan lease)
    {
        bool may = IsOwn(Rows[step.Part], step.Epoch);
        if (may)
        {
            Confirm(Rows[step.Part], step, lease);
        }

        return may;
    }
}
