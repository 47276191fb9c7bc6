using System.Runtime.InteropServices;
using System.Text;
using Metering.Aggregator.Engine.Flushing;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Windowing;

/// <summary>Why a delta is there; the numbers are those of the column <c>kind</c>.</summary>
public enum DeltaKind : byte
{
    Use = 0,

    /// <summary>Usage whose event time was older than the horizon when it arrived.</summary>
    History = 1,
    Void = 2,
    Amend = 3,

    /// <summary>Back-fill of a meter revision.</summary>
    Meter = 4,

    /// <summary>A difference the audit found.</summary>
    Repair = 5,
}

/// <summary>Which delta: meter, subject, minute, group, point and kind. Texts are numbers of the flush's interners.</summary>
internal readonly record struct DeltaKey(uint Meter, int Tenant, int Subject, int Minute, int Group, DeltaKind Kind, Int128 PointValue, long PointTicks, EventIdentity PointId)
{
    public override int GetHashCode()
    {
        ulong mixed = Meter * 0x9E3779B97F4A7C15UL;
        mixed = (mixed ^ (uint)Subject) * 0xC2B2AE3D27D4EB4F;
        mixed = (mixed ^ (uint)Minute ^ ((ulong)(uint)Group << 32) ^ ((ulong)Kind << 60)) * 0x165667B19E3779F9;
        mixed ^= (ulong)PointValue ^ (ulong)PointTicks ^ PointId.Low;
        mixed *= 0x9E3779B97F4A7C15UL;
        return (int)(mixed >> 32);
    }
}

/// <summary>What one flush adds to each window it touches, in first-touched order, which makes a rebuild byte-identical.</summary>
internal sealed class DeltaTable
{
    private readonly Dictionary<DeltaKey, DeltaSum> _sums = [];
    private readonly ByteInterner _tenants = new();
    private readonly ByteInterner _subjects = new();
    private readonly ByteInterner _groups = new();

    public int InternTenant(ReadOnlySpan<byte> tenant) => _tenants.Intern(tenant);

    public int InternSubject(ReadOnlySpan<byte> subject) => _subjects.Intern(subject);

    /// <param name="row">The group values as RowBinary has them: <c>Array(String)</c>.</param>
    public int InternGroup(ReadOnlySpan<byte> row) => _groups.Intern(row);

    /// <exception cref="OverflowException">The sum leaves the column's range.</exception>
    public void Add(in DeltaKey key, in Quantity value, long count)
    {
        ref DeltaSum sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, key, out _);
        sum.Value += value;
        sum.Count = checked(sum.Count + count);
    }

    /// <summary>Writes the rows and empties the table.</summary>
    /// <returns>Sums over all rows, to be checked against what arrived.</returns>
    public (Quantity Value, long Count) WriteTo(RowBuffer rows, ushort part, long lo, long hi, uint atSeconds)
    {
        Quantity value = default;
        long count = 0;
        foreach ((DeltaKey key, DeltaSum sum) in _sums)
        {
            if (sum.Value == Quantity.Zero && sum.Count == 0)
            {
                continue;
            }

            WriteRow(rows, key, sum, part, lo, hi, atSeconds);
            value += sum.Value;
            count = checked(count + sum.Count);
        }

        Clear();
        return (value, count);
    }

    /// <summary>The sums that are not zero, outside the data plane.</summary>
    public IEnumerable<(WindowKey Key, Quantity Value, long Count)> NonZero()
    {
        foreach ((DeltaKey key, DeltaSum sum) in _sums)
        {
            if (sum.Value != Quantity.Zero || sum.Count != 0)
            {
                yield return (Describe(key), sum.Value, sum.Count);
            }
        }
    }

    private WindowKey Describe(in DeltaKey key)
    {
        RowCursor group = new(_groups[key.Group]);
        string[] values = new string[group.UInt8()];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Encoding.UTF8.GetString(group.String());
        }

        return new WindowKey(
            Encoding.UTF8.GetString(_tenants[key.Tenant]), key.Meter, Encoding.UTF8.GetString(_subjects[key.Subject]), key.Minute, values,
            new Quantity(key.PointValue), key.PointTicks, key.PointId);
    }

    private void WriteRow(RowBuffer rows, in DeltaKey key, in DeltaSum sum, ushort part, long lo, long hi, uint atSeconds)
    {
        rows.String(_tenants[key.Tenant]);
        rows.UInt32(key.Meter);
        rows.String(_subjects[key.Subject]);
        rows.Minute(key.Minute);
        rows.Raw(_groups[key.Group]);
        rows.Decimal(new Quantity(key.PointValue));
        rows.Int64(key.PointTicks == 0 ? 0 : key.PointTicks - DateTimeOffset.UnixEpoch.Ticks);
        rows.Identity(key.PointId);
        rows.UInt8((byte)key.Kind);
        rows.UInt16(part);
        rows.UInt64((ulong)lo);
        rows.UInt64((ulong)hi);
        rows.UInt32(atSeconds);
        rows.Decimal(sum.Value);
        rows.Int64(sum.Count);
        rows.EndRow();
    }

    private void Clear()
    {
        _sums.Clear();
        _tenants.Clear();
        _subjects.Clear();
        _groups.Clear();
    }

    private struct DeltaSum
    {
        public Quantity Value;
        public long Count;
    }
}
