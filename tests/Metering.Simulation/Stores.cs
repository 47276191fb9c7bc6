using Metering.Simulation.ClickHouse;
using Metering.Simulation.Controls;
using Metering.Simulation.Log;
using Metering.Simulation.Postgres;
using Metering.Simulation.Running;

namespace Metering.Simulation;

/// <summary>The log, ClickHouse and PostgreSQL of one world, and how they fail.</summary>
internal sealed class Stores
{
    public Stores(World world, Swarm swarm, Control control)
    {
        Control = control;
        Log = new SimulatedLog(world, swarm.Partitions);
        LogFaults = new LogFaults { Refusal = swarm.LogRefusals, ReadError = swarm.ReadErrors };
        ClickHouse = new SimulatedClickHouse(world, control.ReadsFinal);
        ClickHouseFaults = new WireFaults { Loss = swarm.ClickHouseLoss, Death = swarm.Deaths, Slumber = swarm.Sleeps, Slowness = 0.05 };
        Partitions = control.MakePartitions(world, swarm.Partitions);
        PostgresFaults = new WireFaults { Loss = swarm.PostgresLoss, Death = swarm.Deaths, Slumber = swarm.Sleeps };
        Seals = new SealTable(Partitions);
        Meters = new MeterTables(Partitions, Seals);
        Lies = swarm.Lies;
    }

    public Control Control { get; }

    public SimulatedLog Log { get; }

    public LogFaults LogFaults { get; }

    public SimulatedClickHouse ClickHouse { get; }

    public WireFaults ClickHouseFaults { get; }

    public PartitionTable Partitions { get; }

    public WireFaults PostgresFaults { get; }

    public SealTable Seals { get; }

    public MeterTables Meters { get; }

    /// <summary>How likely ClickHouse says that it stored what it did not.</summary>
    public double Lies { get; private set; }

    public void EndFaults()
    {
        LogFaults.End();
        ClickHouseFaults.End();
        PostgresFaults.End();
        Lies = 0;
    }
}
