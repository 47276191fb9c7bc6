using System.Buffers.Binary;
using System.Text;

namespace Metering.Testing.Kafka.Wire;

/// <summary>Reads a request whose version is not a flexible one: no varints, no tags. What does not fit is a violation.</summary>
internal ref struct RequestReader
{
    private ReadOnlySpan<byte> _rest;

    /// <param name="frame">With its length.</param>
    public RequestReader(ReadOnlySpan<byte> frame)
    {
        _rest = frame[4..];
        Api = (Api)Int16();
        Version = Int16();
        Id = Int32();
    }

    public Api Api { get; }

    public short Version { get; }

    /// <summary>Chosen by the client; the answer has it too.</summary>
    public int Id { get; }

    /// <summary>The client's name, which ends the header.</summary>
    public void SkipClientName() => Text();

    public bool Bool() => Take(1)[0] switch
    {
        0 => false,
        1 => true,
        byte other => throw new WireViolationException($"{Api}: {other} is no boolean."),
    };

    public sbyte Int8() => (sbyte)Take(1)[0];

    public short Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    /// <summary>How many elements follow; −1 for no array.</summary>
    public int Count()
    {
        int count = Int32();
        return count >= -1 && count <= _rest.Length ? count : throw new WireViolationException($"{Api}: an array of {count} in {_rest.Length} bytes.");
    }

    /// <summary>Null when its length is −1.</summary>
    public string? Text() => Int16() is >= 0 and short length ? Encoding.UTF8.GetString(Take(length)) : null;

    public string RequiredText() => Text() ?? throw new WireViolationException($"{Api}: a text that must be there is not.");

    public ReadOnlySpan<byte> Bytes() => Take(Int32());

    public readonly void End()
    {
        if (_rest.Length > 0)
        {
            throw new WireViolationException($"{Api} version {Version} is followed by {_rest.Length} bytes that are not understood.");
        }
    }

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (bytes < 0 || bytes > _rest.Length)
        {
            throw new WireViolationException($"{Api} version {Version} ends before its end.");
        }

        ReadOnlySpan<byte> taken = _rest[..bytes];
        _rest = _rest[bytes..];
        return taken;
    }
}
