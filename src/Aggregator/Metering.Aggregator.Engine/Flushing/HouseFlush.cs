using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Windowing;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Flushing;

/// <summary>
/// The flush of one house job: deltas that no record of the log brings. A back-fill runs the events through the very code that counts them
/// when they arrive. One thread.
/// </summary>
public sealed class HouseFlush : IDisposable
{
    private readonly Contributions _contributions = new();
    private readonly MeterSet _meters;
    private readonly Flush _flush;

    /// <param name="part">The house partition: one above the last of the topic.</param>
    /// <param name="job">Its number, which is its offset too.</param>
    /// <param name="atMs">When it was made, milliseconds since 1970 UTC; part of the rows, so it must not change when the job is run again.</param>
    public HouseFlush(int part, long job, long atMs, MeterSet meters)
    {
        _meters = meters;
        _flush = new Flush { Partition = part, Lo = job, Hi = job, Records = 1, Ticks = 1, AtMs = atMs };
    }

    public void AddEvent(
        ReadOnlySpan<byte> tenant, ReadOnlySpan<byte> type, ReadOnlySpan<byte> subject, long timeTicks, ReadOnlySpan<byte> data, EventIdentity identity)
    {
        Measured measured = new() { Identity = identity, Tenant = tenant, Type = type, Subject = subject, TimeTicks = timeTicks, Data = data };
        _contributions.Apply(_meters, measured, DeltaKind.Meter, sign: 1);
    }

    /// <summary>Adds a difference the audit found.</summary>
    public void AddRepair(in WindowKey key, Quantity value, long count)
    {
        DeltaTable deltas = _contributions.Deltas;
        using RowBuffer group = new();
        group.UInt8((byte)key.Group.Count);
        foreach (string one in key.Group)
        {
            group.String(System.Text.Encoding.UTF8.GetBytes(one));
        }

        DeltaKey delta = new(
            key.Meter,
            deltas.InternTenant(System.Text.Encoding.UTF8.GetBytes(key.Tenant)),
            deltas.InternSubject(System.Text.Encoding.UTF8.GetBytes(key.Subject)),
            key.Minute,
            deltas.InternGroup(group.Written.Span),
            DeltaKind.Repair,
            key.PointValue.Unscaled,
            key.PointTicks,
            key.PointId);
        deltas.Add(delta, value, count);
    }

    /// <summary>The caller owns the flush.</summary>
    public Flush End()
    {
        (_flush.DeltaValue, _flush.DeltaCount) = _contributions.Deltas.WriteTo(
            _flush.Deltas, (ushort)_flush.Partition, _flush.Lo, _flush.Hi, (uint)(_flush.AtMs / 1000));
        return _flush;
    }

    public void Dispose() => _contributions.Dispose();
}
