using Metering.Simulation.Controls;
using Xunit;

namespace Metering.Simulation;

/// <summary>
/// Goal: whatever fails, and in whatever order, the windows equal the events, seals never change, and everything drains when the faults end. Method:
/// the production protocols on simulated stores, a fixed set of seeds. <c>./metering-sim</c> runs as many others as one likes.
/// </summary>
public sealed class SimulationTests
{
    private const int Batches = 10;
    private const int SeedsPerBatch = 100;

    public static TheoryData<int> FirstSeeds => [.. Enumerable.Range(0, Batches).Select(batch => 1 + (batch * SeedsPerBatch))];

    [Theory]
    [MemberData(nameof(FirstSeeds))]
    public void Everything_is_exact_whatever_fails(int first)
    {
        for (int seed = first; seed < first + SeedsPerBatch; seed++)
        {
            AssertExact(seed);
        }
    }

    /// <summary>Seeds that found an error once.</summary>
    [Theory]
    [InlineData(150)] // A back-fill whose plan was committed late was planned, and counted, twice.
    [InlineData(978)] // An owner that had slept found its successor's rows and stopped the partition, although it was not its own any more.
    [InlineData(41)] // A flush record that the store had not kept was not missed when the flush was verified.
    [InlineData(143)] // A house job of a meter that another owner had planned was not understood.
    public void What_failed_once_is_exact(int seed) => AssertExact(seed);

    [Theory]
    [InlineData(1)]
    [InlineData(69)]
    [InlineData(978)]
    public void A_seed_is_repeated_exactly(int seed) =>
        Assert.Equal(Simulation.Run(seed, Control.None).Trace, Simulation.Run(seed, Control.None).Trace);

    [Fact]
    public void Seeds_differ() => Assert.NotEqual(Simulation.Run(1, Control.None).Trace, Simulation.Run(2, Control.None).Trace);

    private static void AssertExact(int seed)
    {
        Result result = Simulation.Run(seed, Control.None);
        Assert.True(result.Violations.Count == 0, $"Seed {seed} (./metering-sim --seeds 1 --first {seed}): {string.Join('\n', result.Violations)}");
    }
}
