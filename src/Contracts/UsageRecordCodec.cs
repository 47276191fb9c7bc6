using System.Buffers;
using System.Buffers.Binary;

namespace Metering.Contracts;

/// <summary>
/// <see cref="UsageRecord"/> to and from Protobuf bytes. Unknown fields are skipped, so a newer writer may add some; a newer
/// <see cref="Version"/> is refused, because its meaning is unknown.
/// </summary>
public static class UsageRecordCodec
{
    public const int Version = 1;

    private const int WireVarint = 0;
    private const int WireFixed64 = 1;
    private const int WireBytes = 2;
    private const int WireFixed32 = 5;

    private const int FixedFieldsSize = 2 + 2 + 9 + 9;
    private const int BytesFieldOverhead = 6;

    public static void Write(in UsageRecord record, IBufferWriter<byte> output)
    {
        int most = FixedFieldsSize + (9 * BytesFieldOverhead) + record.Tenant.Length + record.Source.Length + record.Id.Length
            + record.Type.Length + record.Subject.Length + record.Data.Length + record.Attributes.Length + record.Key.Length
            + record.Reason.Length + record.Code.Length + BytesFieldOverhead;
        Span<byte> span = output.GetSpan(most);
        int at = 0;
        WriteVarintField(span, ref at, 1, Version);
        WriteVarintField(span, ref at, 2, (uint)record.Kind);
        WriteBytesField(span, ref at, 3, record.Tenant);
        WriteBytesField(span, ref at, 4, record.Source);
        WriteBytesField(span, ref at, 5, record.Id);
        WriteBytesField(span, ref at, 6, record.Type);
        WriteBytesField(span, ref at, 7, record.Subject);
        WriteFixed64Field(span, ref at, 8, (ulong)record.TimeTicks);
        WriteFixed64Field(span, ref at, 9, record.PayloadHash);
        WriteBytesField(span, ref at, 10, record.Data);
        WriteBytesField(span, ref at, 11, record.Attributes);
        WriteBytesField(span, ref at, 12, record.Key);
        WriteBytesField(span, ref at, 13, record.Reason);
        WriteBytesField(span, ref at, 14, record.Code);
        output.Advance(at);
    }

    /// <returns>False when the bytes are not a record of a version this code knows; <paramref name="problem"/> says why.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out UsageRecord record, out string? problem)
    {
        record = default;
        uint version = 0;
        int at = 0;
        while (at < bytes.Length)
        {
            if (!TryReadVarint(bytes, ref at, out ulong tag) || !TryReadField(bytes, ref at, (int)(tag >> 3), (int)(tag & 7), ref record, ref version))
            {
                problem = "not a usage record: damaged field";
                return false;
            }
        }

        problem = version == Version ? Validate(record) : version == 0 ? "not a usage record: no version" : "unknown record version";
        return problem is null;
    }

    private static string? Validate(in UsageRecord record) => record.Kind switch
    {
        > RecordKind.Rejected => "unknown record kind",
        RecordKind.Tick or RecordKind.Rejected => null,
        _ when record.Tenant.IsEmpty || record.Source.IsEmpty || record.Id.IsEmpty => "usage record without tenant, source or id",
        RecordKind.Use or RecordKind.Amend when !EventTime.IsRepresentable(record.TimeTicks) => "usage record with an impossible time",
        _ => null,
    };

    private static bool TryReadField(ReadOnlySpan<byte> bytes, ref int at, int field, int wire, ref UsageRecord record, ref uint version)
    {
        switch (wire)
        {
            case WireVarint:
                if (!TryReadVarint(bytes, ref at, out ulong number))
                {
                    return false;
                }

                SetNumber(field, number, ref record, ref version);
                return true;
            case WireFixed64:
                if (bytes.Length - at < sizeof(ulong))
                {
                    return false;
                }

                SetFixed(field, BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]), ref record);
                at += sizeof(ulong);
                return true;
            case WireBytes:
                if (!TryReadVarint(bytes, ref at, out ulong length) || length > (ulong)(bytes.Length - at))
                {
                    return false;
                }

                SetBytes(field, bytes.Slice(at, (int)length), ref record);
                at += (int)length;
                return true;
            case WireFixed32:
                at += sizeof(uint);
                return at <= bytes.Length;
            default:
                return false;
        }
    }

    private static void SetNumber(int field, ulong number, ref UsageRecord record, ref uint version)
    {
        if (field == 1)
        {
            version = number > uint.MaxValue ? uint.MaxValue : (uint)number;
        }
        else if (field == 2)
        {
            record.Kind = number > byte.MaxValue ? (RecordKind)byte.MaxValue : (RecordKind)number;
        }
    }

    private static void SetFixed(int field, ulong number, ref UsageRecord record)
    {
        if (field == 8)
        {
            record.TimeTicks = (long)number;
        }
        else if (field == 9)
        {
            record.PayloadHash = number;
        }
    }

    private static void SetBytes(int field, ReadOnlySpan<byte> value, ref UsageRecord record)
    {
        switch (field)
        {
            case 3: record.Tenant = value; break;
            case 4: record.Source = value; break;
            case 5: record.Id = value; break;
            case 6: record.Type = value; break;
            case 7: record.Subject = value; break;
            case 10: record.Data = value; break;
            case 11: record.Attributes = value; break;
            case 12: record.Key = value; break;
            case 13: record.Reason = value; break;
            case 14: record.Code = value; break;
        }
    }

    private static void WriteVarintField(Span<byte> span, ref int at, int field, uint value)
    {
        if (value != 0)
        {
            WriteVarint(span, ref at, (uint)((field << 3) | WireVarint));
            WriteVarint(span, ref at, value);
        }
    }

    private static void WriteFixed64Field(Span<byte> span, ref int at, int field, ulong value)
    {
        if (value != 0)
        {
            WriteVarint(span, ref at, (uint)((field << 3) | WireFixed64));
            BinaryPrimitives.WriteUInt64LittleEndian(span[at..], value);
            at += sizeof(ulong);
        }
    }

    private static void WriteBytesField(Span<byte> span, ref int at, int field, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            WriteVarint(span, ref at, (uint)((field << 3) | WireBytes));
            WriteVarint(span, ref at, (uint)value.Length);
            value.CopyTo(span[at..]);
            at += value.Length;
        }
    }

    private static void WriteVarint(Span<byte> span, ref int at, uint value)
    {
        while (value >= 0x80)
        {
            span[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[at++] = (byte)value;
    }

    private static bool TryReadVarint(ReadOnlySpan<byte> bytes, ref int at, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64 && at < bytes.Length; shift += 7)
        {
            byte next = bytes[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
