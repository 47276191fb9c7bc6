using Metering.Simulation.Running;

namespace Metering.Simulation;

/// <summary>What this seed's world is like: which faults there are, and how likely. Every seed has only some of them, so that none hides another.</summary>
internal sealed record Swarm
{
    public required int Partitions { get; init; }

    public required int Aggregators { get; init; }

    public required int Events { get; init; }

    public required TimeSpan FaultTime { get; init; }

    public required TimeSpan Lateness { get; init; }

    public required TimeSpan FlushInterval { get; init; }

    public required TimeSpan TickInterval { get; init; }

    public required int FlushRecords { get; init; }

    /// <summary>How likely a record is a copy, a conflict, a void or an amendment.</summary>
    public required double Copies { get; init; }

    public required double Corrections { get; init; }

    public required int NewMeters { get; init; }

    public required double ClickHouseLoss { get; init; }

    public required double PostgresLoss { get; init; }

    public required double Lies { get; init; }

    public required double Deaths { get; init; }

    public required double Sleeps { get; init; }

    public required double LogRefusals { get; init; }

    public required double ReadErrors { get; init; }

    public required int LogCrashes { get; init; }

    public required int ClockSteps { get; init; }

    public required int Outages { get; init; }

    public required int Stops { get; init; }

    public static Swarm Draw(World world)
    {
        Random random = world.Random;
        double Maybe(double most) => random.Next(2) == 0 ? 0 : random.NextDouble() * most;
        int Some(int most) => random.Next(2) == 0 ? 0 : random.Next(1, most + 1);
        return new Swarm
        {
            Partitions = random.Next(2, 4),
            Aggregators = random.Next(1, 4),
            Events = random.Next(40, 160),
            FaultTime = world.Between(60, 200),
            Lateness = TimeSpan.FromSeconds(random.Next(3) * 30),
            FlushInterval = world.Between(0.1, 2),
            TickInterval = world.Between(1, 4),
            FlushRecords = random.Next(3) == 0 ? random.Next(1, 8) : 10_000,
            Copies = Maybe(0.4),
            Corrections = Maybe(0.3),
            NewMeters = Some(4),
            ClickHouseLoss = Maybe(0.15),
            PostgresLoss = Maybe(0.08),
            Lies = random.Next(8) == 0 ? 0.3 : 0,
            Deaths = Maybe(0.02),
            Sleeps = Maybe(0.01),
            LogRefusals = Maybe(0.1),
            ReadErrors = Maybe(0.01),
            LogCrashes = Some(5),
            ClockSteps = Some(6),
            Outages = Some(3),
            Stops = Some(3),
        };
    }
}
