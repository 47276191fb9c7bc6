using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Metering.EventLog.Embedded;

/// <summary>What never changes in the life of a topic.</summary>
internal sealed record TopicMeta(int Format, string Id, int Partitions, int PageBytes, int SegmentBytes)
{
    public const int CurrentFormat = 1;
    private const string FileName = "topic.meta";

    /// <summary>Seeds the checksums, so that a segment file of another topic does not pass for one of ours.</summary>
    [JsonIgnore]
    public uint Seed { get; } = LogEntry.Crc32C(0, Convert.FromHexString(Id));

    public static TopicMeta OpenOrCreate(string directory, TopicSpec spec, EmbeddedEventLogOptions options)
    {
        string path = Path.Combine(directory, FileName);
        if (spec.MustExist && !File.Exists(path))
        {
            throw new TopicMissingException($"Topic '{spec.Name}' is not in {directory}.");
        }

        DurableFile.CreateDirectory(directory);
        byte[]? bytes = DurableFile.Read(path);
        return bytes is null ? Create(directory, path, spec, options) : Check(Parse(path, bytes), path, spec, options);
    }

    private static TopicMeta Create(string directory, string path, TopicSpec spec, EmbeddedEventLogOptions options)
    {
        if (SegmentFiles.List(directory).Count > 0)
        {
            throw new EventLogUnavailableException($"The folder {directory} has segments of a log but no {FileName}; restore it or remove the folder.");
        }

        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        TopicMeta meta = new(CurrentFormat, id, spec.Partitions, options.PageBytes, options.SegmentBytes);
        DurableFile.Replace(path, JsonSerializer.SerializeToUtf8Bytes(meta, TopicMetaJson.Default.TopicMeta));
        return meta;
    }

    private static TopicMeta Parse(string path, byte[] bytes) =>
        JsonSerializer.Deserialize(bytes, TopicMetaJson.Default.TopicMeta) ?? throw new EventLogUnavailableException($"The file {path} is empty.");

    private static TopicMeta Check(TopicMeta meta, string path, TopicSpec spec, EmbeddedEventLogOptions options)
    {
        if (meta.Format != CurrentFormat)
        {
            throw new EventLogUnavailableException($"The file {path} has format {meta.Format}; this version reads format {CurrentFormat}.");
        }

        if (meta.Partitions != spec.Partitions)
        {
            throw new TopicMismatchException($"Topic '{spec.Name}' has {meta.Partitions} partitions, not {spec.Partitions}.");
        }

        if (meta.PageBytes != options.PageBytes || meta.SegmentBytes != options.SegmentBytes)
        {
            throw new EventLogUnavailableException(
                $"Topic '{spec.Name}' was made with pages of {meta.PageBytes} and segments of {meta.SegmentBytes} bytes; both are fixed in its life.");
        }

        return meta;
    }
}

[JsonSerializable(typeof(TopicMeta))]
internal sealed partial class TopicMetaJson : JsonSerializerContext;
