using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Windowing;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Auditing;

/// <summary>
/// Counts events again and takes away what is stored: what is left is wrong. Uses the code that counted them the first time, so it proves that
/// nothing was lost, doubled or changed on the way, down to the point.
/// </summary>
public sealed class Recomputation(MeterSet meters) : IDisposable
{
    private readonly Contributions _contributions = new();

    /// <summary>Events added.</summary>
    public long Events { get; private set; }

    /// <summary>Stored rows taken away.</summary>
    public long Rows { get; private set; }

    public void AddEvent(
        ReadOnlySpan<byte> tenant, ReadOnlySpan<byte> type, ReadOnlySpan<byte> subject, long timeTicks, ReadOnlySpan<byte> data, EventIdentity identity)
    {
        Measured measured = new() { Identity = identity, Tenant = tenant, Type = type, Subject = subject, TimeTicks = timeTicks, Data = data };
        _contributions.Apply(meters, measured, DeltaKind.Use, sign: 1);
        Events++;
    }

    /// <param name="row">Columns tenant, meter, subject, minute, grp, v, vt, vid, s, n.</param>
    /// <returns>False when the row is not complete yet.</returns>
    public bool TryTakeAway(ref RowCursor row)
    {
        ReadOnlySpan<byte> tenant = row.String();
        uint meter = row.UInt32();
        ReadOnlySpan<byte> subject = row.String();
        int minute = (int)(row.UInt32() / 60);
        ReadOnlySpan<byte> group = row.StringArray();
        Quantity pointValue = row.Decimal();
        long pointTicks = row.Int64();
        EventIdentity pointId = row.Identity();
        Quantity value = row.Decimal();
        long count = row.Int64();
        if (!row.IsComplete)
        {
            return false;
        }

        DeltaTable deltas = _contributions.Deltas;
        DeltaKey key = new(
            meter, deltas.InternTenant(tenant), deltas.InternSubject(subject), minute, deltas.InternGroup(group), DeltaKind.Use,
            pointValue.Unscaled, pointTicks == 0 ? 0 : pointTicks + DateTimeOffset.UnixEpoch.Ticks, pointId);
        deltas.Add(key, -value, -count);
        Rows++;
        return true;
    }

    /// <summary>What the windows lack (or have too much of, when negative). Empty when everything is exact.</summary>
    public IEnumerable<(WindowKey Key, Quantity Value, long Count)> Differences() => _contributions.Deltas.NonZero();

    public void Dispose() => _contributions.Dispose();
}
