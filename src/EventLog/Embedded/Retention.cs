using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Metering.EventLog.Embedded;

/// <summary>Which segments may go: whole ones, from the oldest, never the one being written.</summary>
internal static class Retention
{
    public static long NewBegin(string directory, TopicMeta meta, TopicSpec spec, LogPosition durable, DateTimeOffset now)
    {
        long begin = durable.Begin;
        while (NextSegment(begin, meta) < durable.End && MayGo(directory, meta, spec, durable, NextSegment(begin, meta), now))
        {
            begin = NextSegment(begin, meta);
        }

        return begin;
    }

    private static long NextSegment(long address, TopicMeta meta) => ((address / meta.SegmentBytes) + 1) * meta.SegmentBytes;

    private static bool MayGo(string directory, TopicMeta meta, TopicSpec spec, LogPosition durable, long next, DateTimeOffset now) =>
        (spec.RetentionBytes > 0 && durable.End - next >= spec.RetentionBytes)
        || (spec.Retention > TimeSpan.Zero && FirstAppendTimeMs(directory, meta, next, durable.End) < (now - spec.Retention).ToUnixTimeMilliseconds());

    /// <summary>
    /// The append time of the first entry of a segment. Append times never decrease, so everything before it is at least as old. A commit record may
    /// stand first; without an entry right behind it the segment is young, and "too young to delete" is the safe answer.
    /// </summary>
    private static long FirstAppendTimeMs(string directory, TopicMeta meta, long segmentStart, long end)
    {
        using SafeFileHandle file = File.OpenHandle(
            SegmentFiles.PathOf(directory, (int)(segmentStart / meta.SegmentBytes)), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> head = stackalloc byte[LogEntry.FasterHeaderBytes + LogEntry.HeaderBytes];
        for (long at = 0; segmentStart + at < end;)
        {
            if (RandomAccess.Read(file, head, at) < head.Length)
            {
                break;
            }

            int payload = BinaryPrimitives.ReadInt32LittleEndian(head[8..]);
            if (payload > 0)
            {
                return LogEntry.AppendTimeMs(head[LogEntry.FasterHeaderBytes..]);
            }

            if (payload == 0)
            {
                break;
            }

            at += LogEntry.FasterHeaderBytes + ((-payload + 3) & ~3);
        }

        return long.MaxValue;
    }
}
