using System.Buffers.Binary;
using System.IO.Hashing;
using Metering.Aggregator.Engine.Deduplication;
using Metering.Contracts;
using Microsoft.Win32.SafeHandles;

namespace Metering.Aggregator.Deduplication;

/// <param name="Part">The partition.</param>
/// <param name="FirstFlush">The segment holds exactly what the flushes from this one …</param>
/// <param name="LastFlush">… to this one accepted.</param>
/// <param name="LastOffset">Highest offset of the last flush.</param>
/// <param name="Count">Identities.</param>
/// <param name="Xor">Exclusive or of them: compared with <c>flush_log</c> before the file is believed.</param>
internal readonly record struct SegmentStamp(int Part, long FirstFlush, long LastFlush, long LastOffset, long Count, EventIdentity Xor);

/// <summary>
/// Identities on disk: 32-byte entries sorted by identity, found by binary search after a filter in memory has said "probably". Only a cache
/// of the raw table. Safe for one reader at a time.
/// </summary>
internal sealed class IdentitySegmentFile : IIdentitySegment, IDisposable
{
    private const ulong Magic = 0x3130_4745_5344_4D54;
    private const int HeaderSize = 80;
    private const int EntrySize = 32;
    private const int Checksummed = HeaderSize - sizeof(ulong);

    private readonly SafeFileHandle _file;
    private readonly BinaryFuseFilter _filter;

    private IdentitySegmentFile(string path, SafeFileHandle file, SegmentStamp stamp, long newestAtMs, BinaryFuseFilter filter)
    {
        Path = path;
        _file = file;
        Stamp = stamp;
        NewestAtMs = newestAtMs;
        _filter = filter;
    }

    public string Path { get; }

    public SegmentStamp Stamp { get; }

    public long NewestAtMs { get; }

    public long FilterBytes => _filter.ByteSize;

    /// <summary>Writes the file whole, under another name first.</summary>
    /// <param name="entries">Sorted by identity.</param>
    public static IdentitySegmentFile Write(string path, SegmentStamp stamp, (EventIdentity Identity, IdentityEntry Entry)[] entries)
    {
        byte[] bytes = new byte[HeaderSize + (entries.Length * EntrySize)];
        long newest = 0;
        for (int i = 0; i < entries.Length; i++)
        {
            Span<byte> entry = bytes.AsSpan(HeaderSize + (i * EntrySize), EntrySize);
            entries[i].Identity.Write(entry);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], entries[i].Entry.PayloadHash);
            BinaryPrimitives.WriteInt64LittleEndian(entry[24..], entries[i].Entry.AtMs);
            newest = Math.Max(newest, entries[i].Entry.AtMs);
        }

        WriteHeader(bytes, stamp, newest);
        string temporary = path + ".new";
        File.WriteAllBytes(temporary, bytes);
        File.Move(temporary, path, overwrite: true);
        return new IdentitySegmentFile(path, OpenHandle(path), stamp, newest, BinaryFuseFilter.Build(Array.ConvertAll(entries, entry => entry.Identity)));
    }

    /// <returns>Null when the file is damaged or of another format: the raw table will be read instead.</returns>
    public static IdentitySegmentFile? TryOpen(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        if (bytes.Length < HeaderSize || (bytes.Length - HeaderSize) % EntrySize != 0 || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic
            || XxHash3.HashToUInt64(bytes.AsSpan(HeaderSize), (long)XxHash3.HashToUInt64(bytes.AsSpan(0, Checksummed))) != BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(Checksummed)))
        {
            return null;
        }

        EventIdentity[] identities = new EventIdentity[(bytes.Length - HeaderSize) / EntrySize];
        for (int i = 0; i < identities.Length; i++)
        {
            identities[i] = EventIdentity.Read(bytes.AsSpan(HeaderSize + (i * EntrySize)));
        }

        (SegmentStamp stamp, long newest) = ReadHeader(bytes);
        return new IdentitySegmentFile(path, OpenHandle(path), stamp, newest, BinaryFuseFilter.Build(identities));
    }

    public bool TryFind(in EventIdentity identity, out IdentityEntry entry)
    {
        entry = default;
        return _filter.MayContain(identity) && Search(identity, out entry);
    }

    public void Dispose() => _file.Dispose();

    private bool Search(in EventIdentity identity, out IdentityEntry entry)
    {
        Span<byte> bytes = stackalloc byte[EntrySize];
        long low = 0, high = Stamp.Count - 1;
        while (low <= high)
        {
            long middle = (low + high) / 2;
            RandomAccess.Read(_file, bytes, HeaderSize + (middle * EntrySize));
            EventIdentity found = EventIdentity.Read(bytes);
            if (found == identity)
            {
                entry = new IdentityEntry(BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]));
                return true;
            }

            bool isBelow = found.High != identity.High ? found.High < identity.High : found.Low < identity.Low;
            (low, high) = isBelow ? (middle + 1, high) : (low, middle - 1);
        }

        entry = default;
        return false;
    }

    private static void WriteHeader(byte[] bytes, SegmentStamp stamp, long newest)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), stamp.Part);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), stamp.FirstFlush);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), stamp.LastFlush);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), stamp.LastOffset);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), stamp.Count);
        stamp.Xor.Write(bytes.AsSpan(48));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(64), newest);
        ulong checksum = XxHash3.HashToUInt64(bytes.AsSpan(HeaderSize), (long)XxHash3.HashToUInt64(bytes.AsSpan(0, Checksummed)));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(Checksummed), checksum);
    }

    private static (SegmentStamp Stamp, long Newest) ReadHeader(byte[] bytes)
    {
        long At(int offset) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(offset));
        return (new SegmentStamp((int)At(8), At(16), At(24), At(32), At(40), EventIdentity.Read(bytes.AsSpan(48))), At(64));
    }

    private static SafeFileHandle OpenHandle(string path) => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
}
