using System.Buffers.Binary;
using System.Text;
using Metering.Aggregator.Engine.Flushing;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Tests.Harness;

/// <summary>A row of <c>usage_raw</c>.</summary>
internal sealed record StoredRaw(
    string Tenant, string Type, string Subject, long TimeTicks, int Part, long Offset, long AtMs, EventIdentity Identity, EventIdentity Target,
    ulong PayloadHash, string Source, string Id, string Data, string Attributes, RecordKind Kind, long TargetOffset, bool BornVoid, string Problem,
    bool Rounded, string Key, string Reason, byte Version);

/// <summary>A row of <c>usage_delta</c>; minute in seconds since 1970.</summary>
internal sealed record StoredDelta(
    string Tenant, uint Meter, string Subject, uint Minute, string Group, Int128 PointValue, long PointTime, string PointId, byte Kind, int Part,
    long Lo, long Hi, uint At, Int128 Sum, long Count);

/// <summary>A row of <c>dead_letter</c>.</summary>
internal sealed record StoredDeadLetter(int Part, long Offset, string Code, string Message, long AtMs, string Tenant, string Source, string Id, byte[] RawBytes)
{
    public string Raw => Encoding.UTF8.GetString(RawBytes);
}

/// <summary>Reads RowBinary by the column types of the tables, independently of the code that writes it.</summary>
internal ref struct RowReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public static List<StoredRaw> ReadRaw(RowBuffer rows)
    {
        RowReader reader = new(rows.Written.Span);
        List<StoredRaw> all = [];
        while (!reader._rest.IsEmpty)
        {
            all.Add(new StoredRaw(
                reader.Text(), reader.Text(), reader.Text(), reader.Int64() + DateTime.UnixEpoch.Ticks, reader.UInt16(), reader.Int64(), reader.Int64(),
                reader.Identity(), reader.Identity(), (ulong)reader.Int64(), reader.Text(), reader.Text(), reader.Text(), reader.Text(),
                (RecordKind)reader.UInt8(), reader.Int64(), reader.UInt8() == 1, reader.Text(), reader.UInt8() == 1, reader.Text(), reader.Text(), reader.UInt8()));
        }

        return Counted(all, rows);
    }

    public static List<StoredDelta> ReadDeltas(RowBuffer rows)
    {
        RowReader reader = new(rows.Written.Span);
        List<StoredDelta> all = [];
        while (!reader._rest.IsEmpty)
        {
            all.Add(new StoredDelta(
                reader.Text(), reader.UInt32(), reader.Text(), reader.UInt32(), reader.Texts(), reader.Decimal(), reader.Int64(), reader.Identity().ToString(),
                reader.UInt8(), reader.UInt16(), reader.Int64(), reader.Int64(), reader.UInt32(), reader.Decimal(), reader.Int64()));
        }

        return Counted(all, rows);
    }

    public static List<StoredDeadLetter> ReadDeadLetters(RowBuffer rows)
    {
        RowReader reader = new(rows.Written.Span);
        List<StoredDeadLetter> all = [];
        while (!reader._rest.IsEmpty)
        {
            all.Add(new StoredDeadLetter(
                reader.UInt16(), reader.Int64(), reader.Text(), reader.Text(), reader.Int64(), reader.Text(), reader.Text(), reader.Text(), reader.Bytes().ToArray()));
        }

        return Counted(all, rows);
    }

    private static List<T> Counted<T>(List<T> all, RowBuffer rows) =>
        all.Count == rows.Rows ? all : throw new InvalidOperationException($"{all.Count} rows in the bytes, {rows.Rows} counted");

    private ReadOnlySpan<byte> Take(int size)
    {
        ReadOnlySpan<byte> taken = _rest[..size];
        _rest = _rest[size..];
        return taken;
    }

    private byte UInt8() => Take(1)[0];

    private ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    private uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    private long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    private Int128 Decimal() => BinaryPrimitives.ReadInt128LittleEndian(Take(16));

    private EventIdentity Identity() => EventIdentity.Read(Take(16));

    private int Varint()
    {
        int value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = UInt8();
            value |= (next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    private ReadOnlySpan<byte> Bytes() => Take(Varint());

    private string Text() => Encoding.UTF8.GetString(Bytes());

    private string Texts()
    {
        string[] texts = new string[Varint()];
        for (int i = 0; i < texts.Length; i++)
        {
            texts[i] = Text();
        }

        return string.Join('\u241F', texts);
    }
}
