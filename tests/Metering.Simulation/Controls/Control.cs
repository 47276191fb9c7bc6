using Metering.Aggregator.Flushing;
using Metering.Simulation.Postgres;
using Metering.Simulation.Running;

namespace Metering.Simulation.Controls;

/// <summary>A world in which one mechanism is missing, to prove that the auditor would notice. The first is the world as it is.</summary>
/// <param name="Name">What is missing.</param>
/// <param name="Within">The auditor must find the error within so many seeds, counted from 1.</param>
internal sealed record Control(string Name, int Within)
{
    public bool ReadsFinal { get; private init; } = true;

    /// <summary>Whether dedup look-ups see smaller offsets only.</summary>
    public bool BoundsLookUps { get; private init; } = true;

    public Func<World, int, PartitionTable> MakePartitions { get; private init; } = (world, partitions) => new PartitionTable(world, partitions);

    public Func<IFlushTables, IFlushTables> Wrap { get; private init; } = tables => tables;

    public static Control None { get; } = new("none", 0);

    public static IReadOnlyList<Control> All { get; } =
    [
        new("dedup-bound", 10) { BoundsLookUps = false },
        new("epoch", 200) { MakePartitions = (world, partitions) => new UnfencedPartitions(world, partitions) },
        new("final", 10) { ReadsFinal = false },
        new("resend", 10) { Wrap = tables => new CarelessTables(tables) },
        new("pending", 10) { MakePartitions = (world, partitions) => new ForgetfulPartitions(world, partitions) },
        new("clock", 10) { MakePartitions = (world, partitions) => new HastyPartitions(world, partitions) },
    ];

    public override string ToString() => Name;
}
