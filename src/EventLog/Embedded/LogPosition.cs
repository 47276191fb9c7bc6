using System.Text.Json;
using System.Text.Json.Serialization;

namespace Metering.EventLog.Embedded;

/// <summary>
/// A durable end of the log with everything needed to go on from there. Written to disk now and then (a recovery point), so that a restart need
/// not read the whole log; it is always at a commit.
/// </summary>
internal sealed class LogPosition
{
    /// <summary>FasterLog's first address: no record is below it.</summary>
    public const long FirstAddress = 64;

    private const string FileName = "recovery.point";

    /// <summary>Everything below was deleted by retention.</summary>
    public long Begin { get; set; } = FirstAddress;

    /// <summary>Everything below is durable.</summary>
    public long End { get; set; } = FirstAddress;

    public long CommitNumber { get; set; }

    public long Sequence { get; set; }

    public long AppendTimeMs { get; set; }

    /// <summary>Per partition, the offset of its first record ever; zero when there was none.</summary>
    public required long[] First { get; set; }

    /// <summary>Per partition, the offset of its last record; zero when there was none.</summary>
    public required long[] Last { get; set; }

    public static LogPosition Start(int partitions) => new() { First = new long[partitions], Last = new long[partitions] };

    public static LogPosition? Load(string directory, int partitions)
    {
        byte[]? bytes = DurableFile.Read(Path.Combine(directory, FileName));
        LogPosition? position = bytes is null ? null : JsonSerializer.Deserialize(bytes, LogPositionJson.Default.LogPosition);
        if (position is not null && (position.First.Length != partitions || position.Last.Length != partitions))
        {
            throw new EventLogUnavailableException($"The recovery point in {directory} is of another topic.");
        }

        return position;
    }

    public void Save(string directory) =>
        DurableFile.Replace(Path.Combine(directory, FileName), JsonSerializer.SerializeToUtf8Bytes(this, LogPositionJson.Default.LogPosition));

    public void Note(int partition, long offset)
    {
        if (First[partition] == 0)
        {
            Volatile.Write(ref First[partition], offset);
        }

        Volatile.Write(ref Last[partition], offset);
    }

    public void CopyTo(LogPosition other)
    {
        other.Begin = Begin;
        other.End = End;
        other.CommitNumber = CommitNumber;
        other.Sequence = Sequence;
        other.AppendTimeMs = AppendTimeMs;
        First.CopyTo(other.First, 0);
        Last.CopyTo(other.Last, 0);
    }
}

[JsonSerializable(typeof(LogPosition))]
internal sealed partial class LogPositionJson : JsonSerializerContext;
