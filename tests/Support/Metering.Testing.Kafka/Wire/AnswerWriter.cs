using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Metering.Testing.Kafka.Wire;

/// <summary>Writes an answer whose version is not a flexible one.</summary>
internal sealed class AnswerWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <param name="id">The request's.</param>
    public AnswerWriter(int id) => Int32(0).Int32(id);

    public AnswerWriter Bool(bool value) => Int8(value ? (sbyte)1 : (sbyte)0);

    public AnswerWriter Int8(sbyte value)
    {
        _bytes.Write([(byte)value]);
        return this;
    }

    public AnswerWriter Int16(short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(_bytes.GetSpan(2), value);
        _bytes.Advance(2);
        return this;
    }

    public AnswerWriter Int32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_bytes.GetSpan(4), value);
        _bytes.Advance(4);
        return this;
    }

    public AnswerWriter Int64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(_bytes.GetSpan(8), value);
        _bytes.Advance(8);
        return this;
    }

    public AnswerWriter Text(string? value)
    {
        if (value is null)
        {
            return Int16(-1);
        }

        Int16((short)Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, _bytes);
        return this;
    }

    public AnswerWriter Bytes(ReadOnlySpan<byte> value)
    {
        Int32(value.Length);
        _bytes.Write(value);
        return this;
    }

    /// <returns>With its length.</returns>
    public byte[] ToFrame()
    {
        byte[] frame = _bytes.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        return frame;
    }
}
