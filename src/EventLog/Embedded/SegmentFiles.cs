using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Metering.EventLog.Embedded;

/// <summary>The files of a topic: <c>log.0</c>, <c>log.1</c> …, each of the segment size except the last.</summary>
internal static class SegmentFiles
{
    private const string Prefix = "log.";

    public static string PathOf(string directory, int segment) =>
        Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{segment}"));

    /// <summary>The segments there are, ascending.</summary>
    public static List<int> List(string directory)
    {
        List<int> segments = [];
        foreach (string path in Directory.EnumerateFiles(directory, Prefix + "*"))
        {
            if (int.TryParse(Path.GetFileName(path.AsSpan())[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int segment))
            {
                segments.Add(segment);
            }
        }

        segments.Sort();
        return segments;
    }

    /// <summary>
    /// Makes <c>[begin, end)</c> all there is, and durable. What a crash or a failed write left behind the end must not be found again as a part of
    /// the log later; and what was read from the page cache may not have reached the disk yet.
    /// </summary>
    public static void CutTo(string directory, long begin, long end, long segmentBytes, long syncFrom)
    {
        foreach (int segment in List(directory))
        {
            long start = segment * segmentBytes;
            if (start + segmentBytes <= begin || start >= end)
            {
                File.Delete(PathOf(directory, segment));
            }
            else if (start + segmentBytes > syncFrom)
            {
                Cut(PathOf(directory, segment), end - start);
            }
        }

        DurableFile.SyncDirectory(directory);
    }

    private static void Cut(string path, long length)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (RandomAccess.GetLength(file) > length)
        {
            RandomAccess.SetLength(file, length);
        }

        DurableFile.Sync(file);
    }
}
