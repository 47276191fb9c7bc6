using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Metering.Contracts;

/// <summary>
/// Who an event is: SHA-256 over the length-prefixed (tenant, source, id), cut to 128 bits. Ids are chosen by users, and a crafted
/// collision would be unbilled usage, so the function must resist collisions; the length prefixes keep (a-b, c) and (a, b-c) apart.
/// </summary>
public readonly record struct EventIdentity(ulong High, ulong Low)
{
    public const int Size = 16;

    private const int StackLimit = 1024;

    public static EventIdentity Of(ReadOnlySpan<byte> tenant, ReadOnlySpan<byte> source, ReadOnlySpan<byte> id) =>
        Hash(tenant, source, id, key: default, domain: 0);

    /// <summary>
    /// The identity of a void or an amendment itself, which is not the identity of the event it is about. The key makes a retry the same
    /// correction and another correction of the same event a different one.
    /// </summary>
    public static EventIdentity OfCorrection(
        RecordKind kind, ReadOnlySpan<byte> tenant, ReadOnlySpan<byte> source, ReadOnlySpan<byte> id, ReadOnlySpan<byte> key) =>
        Hash(tenant, source, id, key, domain: (byte)kind);

    /// <summary>The partition of all copies of the event, and of every correction of it.</summary>
    public int Partition(int partitionCount) => (int)(Low % (uint)partitionCount);

    public static EventIdentity Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    public static EventIdentity operator ^(EventIdentity left, EventIdentity right) => new(left.High ^ right.High, left.Low ^ right.Low);

    public static EventIdentity Xor(EventIdentity left, EventIdentity right) => left ^ right;

    public override string ToString() => $"{High:x16}{Low:x16}";

    public static EventIdentity Parse(string text) =>
        new(Convert.ToUInt64(text[..16], 16), Convert.ToUInt64(text[16..], 16));

    private static EventIdentity Hash(
        ReadOnlySpan<byte> tenant, ReadOnlySpan<byte> source, ReadOnlySpan<byte> id, ReadOnlySpan<byte> key, byte domain)
    {
        int length = 1 + (4 * sizeof(int)) + tenant.Length + source.Length + id.Length + key.Length;
        byte[]? rented = length > StackLimit ? ArrayPool<byte>.Shared.Rent(length) : null;
        Span<byte> buffer = rented ?? stackalloc byte[StackLimit];
        buffer[0] = domain;
        int at = 1;
        Append(buffer, ref at, tenant);
        Append(buffer, ref at, source);
        Append(buffer, ref at, id);
        if (domain != 0)
        {
            Append(buffer, ref at, key);
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(buffer[..at], digest);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return Read(digest);
    }

    private static void Append(Span<byte> buffer, ref int at, ReadOnlySpan<byte> part)
    {
        BinaryPrimitives.WriteInt32LittleEndian(buffer[at..], part.Length);
        part.CopyTo(buffer[(at + sizeof(int))..]);
        at += sizeof(int) + part.Length;
    }
}
