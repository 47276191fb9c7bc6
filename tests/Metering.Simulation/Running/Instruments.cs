using System.Diagnostics.Metrics;

namespace Metering.Simulation.Running;

/// <summary>Instruments nobody listens to, made once for all worlds.</summary>
internal sealed class Instruments : IMeterFactory
{
    public static Instruments Instance { get; } = new();

    public Meter Create(MeterOptions options) => new(options);

    public void Dispose()
    {
    }
}
