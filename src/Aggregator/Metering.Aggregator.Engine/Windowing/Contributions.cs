using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Windowing;

/// <summary>What an event is to meters: the part that a void negates and an amendment replaces.</summary>
internal ref struct Measured
{
    public EventIdentity Identity;
    public ReadOnlySpan<byte> Tenant;
    public ReadOnlySpan<byte> Type;
    public ReadOnlySpan<byte> Subject;
    public long TimeTicks;
    public ReadOnlySpan<byte> Data;
}

/// <summary>
/// Turns events into deltas of every active meter of their type. The same code counts an event when it arrives, takes it back when it is
/// voided, back-fills a new meter and recomputes for the audit, so that these can never disagree. One thread at a time.
/// </summary>
public sealed class Contributions : IDisposable
{
    private readonly DeltaTable _deltas = new();
    private readonly RowBuffer _group = new();
    private JsonSlot[] _slots = new JsonSlot[16];
    private byte[] _scratch = new byte[4096];

    internal DeltaTable Deltas => _deltas;

    /// <summary>Adds (sign 1) or takes back (sign −1) an event.</summary>
    /// <returns>The first problem a meter had with it, and whether a value was rounded.</returns>
    internal Outcome Apply(MeterSet meters, in Measured measured, DeltaKind kind, int sign)
    {
        Outcome outcome = default;
        TypeMeters? type = meters.Find(measured.Tenant, measured.Type);
        if (type is null)
        {
            return outcome;
        }

        Prepare(type, measured.Data);
        foreach (CompiledMeter meter in type.Meters)
        {
            ReadingStatus status = meter.TryRead(measured.Data, _slots, measured.TimeTicks, measured.Identity, _scratch, out Reading reading);
            if (status is ReadingStatus.Usable or ReadingStatus.Rounded)
            {
                outcome.Rounded |= status == ReadingStatus.Rounded;
                AddDelta(meter, measured, kind, sign, reading);
            }
            else if (status != ReadingStatus.NotMine && outcome.ProblemMeter is null)
            {
                outcome.Problem = status;
                outcome.ProblemMeter = meter;
            }
        }

        return outcome;
    }

    public void Dispose() => _group.Dispose();

    private void Prepare(TypeMeters type, ReadOnlySpan<byte> data)
    {
        if (_slots.Length < type.Paths.Count)
        {
            _slots = new JsonSlot[type.Paths.Count];
        }

        if (_scratch.Length < data.Length)
        {
            _scratch = new byte[data.Length * 2];
        }

        type.Paths.Extract(data, _slots);
    }

    private void AddDelta(CompiledMeter meter, in Measured measured, DeltaKind kind, int sign, in Reading reading)
    {
        DeltaKey key = new(
            meter.Number,
            _deltas.InternTenant(measured.Tenant),
            _deltas.InternSubject(measured.Subject),
            EventTime.Minute(measured.TimeTicks),
            InternGroup(meter, measured.Data),
            kind,
            reading.PointValue.Unscaled,
            reading.PointTicks,
            reading.PointId);
        _deltas.Add(key, sign < 0 ? -reading.Value : reading.Value, sign);
    }

    private int InternGroup(CompiledMeter meter, ReadOnlySpan<byte> data)
    {
        _group.Clear();
        _group.Size((uint)meter.GroupSlots.Length);
        foreach (int index in meter.GroupSlots)
        {
            _group.String(CompiledMeter.ReadGroup(data, _slots[index], _scratch));
        }

        return _deltas.InternGroup(_group.Written.Span);
    }

    internal struct Outcome
    {
        public ReadingStatus Problem;
        public CompiledMeter? ProblemMeter;
        public bool Rounded;
    }
}
