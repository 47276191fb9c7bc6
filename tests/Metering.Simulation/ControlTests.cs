using Metering.Simulation.Controls;
using Xunit;

namespace Metering.Simulation;

/// <summary>
/// Goal: each mechanism is needed, and the auditor would notice if it were missing. Method: a world without it fails within a stated number of
/// seeds, and these seeds are exact with it (<see cref="SimulationTests"/> runs them).
/// </summary>
public sealed class ControlTests
{
    public static TheoryData<string> Names => [.. Control.All.Select(control => control.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_missing_mechanism_is_found(string name)
    {
        Control control = Control.All.Single(one => one.Name == name);
        Assert.Contains(Enumerable.Range(1, control.Within), seed => Simulation.Run(seed, control).Violations.Count > 0);
    }
}
