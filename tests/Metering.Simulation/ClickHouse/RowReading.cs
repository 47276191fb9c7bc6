using System.Text;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Windowing;
using Metering.Contracts;

namespace Metering.Simulation.ClickHouse;

/// <summary>Rows from the RowBinary that the engine writes.</summary>
internal static class RowReading
{
    public static RawRow Raw(ref RowCursor row)
    {
        string tenant = Text(ref row), type = Text(ref row), subject = Text(ref row);
        long ticks = row.Ticks();
        int part = UInt16(ref row);
        long offset = row.Int64(), at = row.Int64();
        EventIdentity identity = row.Identity(), target = row.Identity();
        ulong payloadHash = row.UInt64();
        string source = Text(ref row), id = Text(ref row), data = Text(ref row);
        row.String();
        RecordKind kind = (RecordKind)row.UInt8();
        long targetOffset = row.Int64();
        bool bornVoid = row.UInt8() != 0;
        row.String();
        row.UInt8();
        row.String();
        row.String();
        return new RawRow(tenant, type, subject, ticks, part, offset, at, identity, target, payloadHash, source, id, data, kind, targetOffset, bornVoid, row.UInt8());
    }

    public static DeltaRow Delta(ref RowCursor row)
    {
        string tenant = Text(ref row);
        uint meter = row.UInt32();
        string subject = Text(ref row);
        int minute = (int)(row.UInt32() / 60);
        string group = Encoding.Latin1.GetString(row.StringArray());
        Quantity v = row.Decimal();
        long vt = row.Int64();
        WindowColumns window = new(tenant, meter, subject, minute, group, v, vt, row.Identity(), (DeltaKind)row.UInt8());
        int part = UInt16(ref row);
        return new DeltaRow(window, part, row.Int64(), row.Int64(), row.UInt32(), row.Decimal(), row.Int64());
    }

    public static DeadLetterRow DeadLetter(ref RowCursor row)
    {
        DeadLetterRow read = new(UInt16(ref row), row.Int64(), Text(ref row));
        row.String();
        row.Int64();
        row.String();
        row.String();
        row.String();
        row.String();
        return read;
    }

    public static FlushRow Flush(ref RowCursor row)
    {
        int part = UInt16(ref row);
        long number = row.Int64(), lo = row.Int64(), hi = row.Int64(), records = row.Int64(), accepted = row.Int64(), duplicates = row.Int64(), dead = row.Int64(), ticks = row.Int64();
        EventIdentity xor = row.Identity();
        row.Int64();
        row.Int64();
        row.Decimal();
        return new FlushRow(part, number, lo, hi, records, accepted, duplicates, dead, ticks, xor, row.Int64());
    }

    public static (int Part, long Hi) Mark(ref RowCursor row) => (UInt16(ref row), row.Int64());

    private static int UInt16(ref RowCursor row) => row.UInt8() | (row.UInt8() << 8);

    private static string Text(ref RowCursor row) => Encoding.UTF8.GetString(row.String());
}
