using System.Buffers.Binary;
using FASTER.core;
using Microsoft.Win32.SafeHandles;

namespace Metering.EventLog.Embedded;

/// <summary>
/// Finds the end of the log after a stop of any kind: the last commit record up to which every entry is intact and none is missing.
/// <para>
/// FasterLog's own search is not used: a zeroed length makes it jump to the next page and go on, and it takes the last commit record it sees,
/// whatever is missing before it.
/// </para>
/// <para>
/// What follows the end is either the torn group of a crash, which nobody was told is durable, or damage to durable records. Commits are made one
/// at a time: commit n + 2 in the file proves that n + 1 was durable. So a later commit than the next one means damage, and the log refuses to open.
/// </para>
/// </summary>
internal sealed class TailScan
{
    private readonly string _directory;
    private readonly string _topic;
    private readonly TopicMeta _meta;
    private readonly byte[] _mark;
    private readonly byte[] _page;
    private readonly LogPosition _committed;
    private readonly LogPosition _seen;

    private TailScan(string directory, string topic, TopicMeta meta, byte[] mark, LogPosition from)
    {
        _directory = directory;
        _topic = topic;
        _meta = meta;
        _mark = mark;
        _page = new byte[meta.PageBytes];
        _committed = from;
        _seen = LogPosition.Start(meta.Partitions);
        from.CopyTo(_seen);
    }

    private enum Found
    {
        Entry,
        Commit,
        EndOfPage,
        Nothing,
    }

    /// <summary>Moves <paramref name="from"/> to the end of the log.</summary>
    /// <exception cref="EventLogCorruptException">Durable records are damaged or missing.</exception>
    public static void MoveToEnd(string directory, string topic, TopicMeta meta, byte[] mark, LogPosition from)
    {
        TailScan scan = new(directory, topic, meta, mark, from);
        scan.CheckSegments();
        scan.CheckLastPage();
        scan.Run();
    }

    private void CheckSegments()
    {
        HashSet<int> there = [.. SegmentFiles.List(_directory)];
        if (_committed.End == LogPosition.FirstAddress)
        {
            return; // nothing is known to be durable
        }

        for (long start = _committed.Begin / _meta.SegmentBytes * _meta.SegmentBytes; start < _committed.End; start += _meta.SegmentBytes)
        {
            int segment = (int)(start / _meta.SegmentBytes);
            if (!there.Contains(segment) || new FileInfo(SegmentFiles.PathOf(_directory, segment)).Length < Needed(_committed.End - start))
            {
                throw new EventLogCorruptException(_topic, start, $"segment {segment} is missing or shorter than the durable records in it.");
            }
        }
    }

    // Of a segment before the last one the final page may be short, when what is left of it was too small for a record.
    private long Needed(long remaining) => remaining > _meta.SegmentBytes ? _meta.SegmentBytes - _meta.PageBytes : remaining;

    /// <summary>FasterLog takes the last page into memory, and memory it reads without looking at checksums.</summary>
    private void CheckLastPage()
    {
        long pageStart = _committed.End / _meta.PageBytes * _meta.PageBytes;
        int length = ReadPage(pageStart);
        int at = (int)Math.Max(LogPosition.FirstAddress - pageStart, 0);
        while (pageStart + at < _committed.End)
        {
            int size = IsCommit(at, pageStart, length, out int commitSize, out _) ? commitSize : SizeOfEntry(at, length);
            if (size == 0)
            {
                throw new EventLogCorruptException(_topic, pageStart + at, "an entry below the recovery point is unreadable.");
            }

            at += size;
        }
    }

    private void Run()
    {
        long address = _committed.End;
        while (true)
        {
            long pageStart = address / _meta.PageBytes * _meta.PageBytes;
            int length = ReadPage(pageStart);
            int at = (int)(address - pageStart);
            Found last = ReadEntries(ref at, pageStart, length);
            bool pageMayContinue = last == Found.EndOfPage || (last == Found.Nothing && IsZero(at, length));
            long next = pageStart + _meta.PageBytes;
            if (!pageMayContinue || !NextPageContinues(next))
            {
                RefuseWhenDurable(pageStart + at);
                return;
            }

            address = next;
        }
    }

    /// <summary>Reads entries until one does not fit in; <paramref name="at"/> is then where.</summary>
    private Found ReadEntries(ref int at, long pageStart, int length)
    {
        Found found;
        while ((found = ReadEntry(at, pageStart, length, out int size)) is Found.Entry or Found.Commit)
        {
            at += size;
            if (found == Found.Commit)
            {
                _seen.End = pageStart + at;
                _seen.CopyTo(_committed);
            }
        }

        return found;
    }

    private Found ReadEntry(int at, long pageStart, int length, out int size)
    {
        size = 0;
        if (at + LogEntry.FasterHeaderBytes > _meta.PageBytes)
        {
            return Found.EndOfPage;
        }

        if (at + LogEntry.FasterHeaderBytes > length)
        {
            return Found.Nothing;
        }

        if (IsCommit(at, pageStart, length, out size, out long number))
        {
            if (number != _committed.CommitNumber + 1)
            {
                return Found.Nothing;
            }

            _seen.CommitNumber = number;
            return Found.Commit;
        }

        size = SizeOfEntry(at, length);
        return size > 0 && Follows(_page.AsSpan(at + LogEntry.FasterHeaderBytes), pageStart + at) ? Found.Entry : Found.Nothing;
    }

    /// <summary>The space of the entry there, zero when there is none that is intact.</summary>
    private int SizeOfEntry(int at, int length)
    {
        if (at + LogEntry.FasterHeaderBytes > length)
        {
            return 0;
        }

        int payload = BinaryPrimitives.ReadInt32LittleEndian(_page.AsSpan(at + 8));
        bool intact = payload >= LogEntry.HeaderBytes
            && payload <= length - at - LogEntry.FasterHeaderBytes
            && ChecksumHolds(at, payload)
            && LogEntry.IsIntact(_page.AsSpan(at + LogEntry.FasterHeaderBytes, payload), _meta.Seed);
        return intact ? LogEntry.FasterHeaderBytes + ((payload + 3) & ~3) : 0;
    }

    private bool Follows(ReadOnlySpan<byte> entry, long offset)
    {
        int partition = LogEntry.Partition(entry);
        if (LogEntry.Sequence(entry) != _seen.Sequence + 1 || partition >= _meta.Partitions)
        {
            return false;
        }

        _seen.Sequence++;
        _seen.AppendTimeMs = LogEntry.AppendTimeMs(entry);
        _seen.Note(partition, offset);
        return true;
    }

    private bool IsCommit(int at, long pageStart, int length, out int size, out long number)
    {
        (size, number) = (0, 0);
        if (at + LogEntry.FasterHeaderBytes > length)
        {
            return false;
        }

        int payload = -BinaryPrimitives.ReadInt32LittleEndian(_page.AsSpan(at + 8));
        if (payload != CommitBytes || payload > length - at - LogEntry.FasterHeaderBytes || !ChecksumHolds(at, payload))
        {
            return false;
        }

        // version i32, checksum i64, begin i64, until i64, number i64, iterators i32 (0), cookie length i32, cookie
        ReadOnlySpan<byte> info = _page.AsSpan(at + LogEntry.FasterHeaderBytes, payload);
        size = LogEntry.FasterHeaderBytes + ((payload + 3) & ~3);
        number = BinaryPrimitives.ReadInt64LittleEndian(info[28..]);
        return BinaryPrimitives.ReadInt64LittleEndian(info[20..]) == pageStart + at + size && info[44..].SequenceEqual(_mark);
    }

    private int CommitBytes => 44 + _mark.Length;

    private unsafe bool ChecksumHolds(int at, int payload)
    {
        fixed (byte* start = &_page[at])
        {
            return Utility.XorBytes(start + 8, payload + 4) == *(ulong*)start;
        }
    }

    private bool IsZero(int at, int length) => at >= length || !_page.AsSpan(at, length - at).ContainsAnyExcept((byte)0);

    /// <summary>Whether the next page begins with what must come next; if not, the zeros before it are the end, not padding.</summary>
    private bool NextPageContinues(long pageStart)
    {
        int length = ReadPage(pageStart);
        if (length < LogEntry.FasterHeaderBytes)
        {
            return false;
        }

        if (IsCommit(0, pageStart, length, out _, out long number))
        {
            return number == _committed.CommitNumber + 1;
        }

        int payload = BinaryPrimitives.ReadInt32LittleEndian(_page.AsSpan(8));
        return payload >= LogEntry.HeaderBytes
            && payload <= length - LogEntry.FasterHeaderBytes
            && LogEntry.Sequence(_page.AsSpan(LogEntry.FasterHeaderBytes)) == _seen.Sequence + 1;
    }

    private void RefuseWhenDurable(long stop)
    {
        long last = stop;
        foreach (int segment in SegmentFiles.List(_directory))
        {
            last = Math.Max(last, (segment * (long)_meta.SegmentBytes) + new FileInfo(SegmentFiles.PathOf(_directory, segment)).Length);
        }

        for (long pageStart = stop / _meta.PageBytes * _meta.PageBytes; pageStart < last; pageStart += _meta.PageBytes)
        {
            int length = ReadPage(pageStart);
            for (int at = pageStart < stop ? Align(stop - pageStart) : 0; at + LogEntry.FasterHeaderBytes <= length; at += 4)
            {
                if (IsCommit(at, pageStart, length, out _, out long number) && number > _committed.CommitNumber + 1)
                {
                    throw new EventLogCorruptException(_topic, stop, $"an entry is unreadable, and commit {number} after it shows that it was durable.");
                }
            }
        }
    }

    private static int Align(long offset) => (int)((offset + 3) & ~3L);

    private int ReadPage(long pageStart)
    {
        int segment = (int)(pageStart / _meta.SegmentBytes);
        string path = SegmentFiles.PathOf(_directory, segment);
        if (!File.Exists(path))
        {
            return 0;
        }

        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        int length = 0;
        int read;
        do
        {
            read = RandomAccess.Read(file, _page.AsSpan(length), (pageStart % _meta.SegmentBytes) + length);
            length += read;
        }
        while (read > 0 && length < _page.Length);
        return length;
    }
}
