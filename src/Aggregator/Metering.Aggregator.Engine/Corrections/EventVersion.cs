using Metering.Contracts;

namespace Metering.Aggregator.Engine.Corrections;

/// <summary>A copy of what an event says, or said. Only made for the few events that are corrected.</summary>
/// <param name="Erased">Its payload was deleted on request; it can no longer be taken back exactly.</param>
public sealed record EventVersion(byte[] Type, byte[] Subject, long TimeTicks, byte[] Data, bool Erased)
{
    public static EventVersion Of(in UsageRecord record) =>
        new(record.Type.ToArray(), record.Subject.ToArray(), record.TimeTicks, record.Data.ToArray(), Erased: false);
}
