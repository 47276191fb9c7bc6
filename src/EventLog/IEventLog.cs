namespace Metering.EventLog;

/// <summary>
/// A partitioned, durable, append-only log: the port behind which Kafka and the embedded log stand.
/// <para>The contract, which <c>EventLogContract</c> tests for every implementation:</para>
/// <list type="bullet">
/// <item>Offsets are strictly increasing within a partition and are <b>not dense</b>: never subtract them to count.</item>
/// <item>A record whose append succeeded is durable: it survives the death of the process at any later moment.</item>
/// <item>A record whose append failed or was cut short may or may not be there; appending it again is the caller's decision.</item>
/// <item>Readers see records in offset order per partition, and only durable ones.</item>
/// <item>The append time is the log's clock at append, in whole milliseconds UTC; it is nearly but not strictly monotone.</item>
/// </list>
/// Implementations are safe for concurrent use.
/// </summary>
public interface IEventLog : IAsyncDisposable
{
    /// <summary>Opens a topic, creating it when it does not exist.</summary>
    /// <exception cref="TopicMismatchException">The topic exists with another partition count.</exception>
    /// <exception cref="TopicMissingException">It does not exist, and <see cref="TopicSpec.MustExist"/> is set.</exception>
    Task<ITopic> OpenAsync(TopicSpec spec, CancellationToken cancellationToken);
}

/// <summary>What a topic must be like. The partition count never changes in the life of a topic.</summary>
/// <param name="Name">Lower-case letters, digits, dots; at most 200 characters.</param>
/// <param name="Partitions">1 to 1024.</param>
/// <param name="Retention">Records older than this (by append time) may be deleted. Zero keeps them for ever.</param>
/// <param name="RetentionBytes">The oldest records are deleted while the topic holds more than this. Zero means no limit.</param>
public sealed record TopicSpec(string Name, int Partitions, TimeSpan Retention = default, long RetentionBytes = 0)
{
    private const int MaxNameLength = 200;
    private const int MaxPartitions = 1024;

    /// <summary>Whether a topic that is not there is an error, rather than made.</summary>
    public bool MustExist { get; init; }

    internal void Validate()
    {
        bool named = Name.Length is > 0 and <= MaxNameLength && Name[0] != '.' && Name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '.');
        if (!named)
        {
            throw new ArgumentException($"'{Name}' is no topic name: lower-case letters, digits and dots, at most {MaxNameLength}.", nameof(Name));
        }

        if (Partitions is < 1 or > MaxPartitions)
        {
            throw new ArgumentException($"A topic has 1 to {MaxPartitions} partitions, not {Partitions}.", nameof(Partitions));
        }
    }
}

/// <summary>One open topic. Safe for concurrent use.</summary>
public interface ITopic : IAsyncDisposable
{
    string Name { get; }

    int PartitionCount { get; }

    /// <summary>Identifies this incarnation: the same after a restart, another one after the topic was deleted and made again.</summary>
    string Id { get; }

    /// <summary>
    /// Appends every record of the batch and returns when each one is durable or refused; the batch then holds a result per record.
    /// Records of one batch and one partition keep their order.
    /// </summary>
    /// <remarks>
    /// Never throws for a refusal by the log (disk full, I/O error, broker unavailable): that is a result per record. When cancelled, it
    /// throws, and every record without a result is in doubt.
    /// </remarks>
    ValueTask AppendAsync(AppendBatch batch, CancellationToken cancellationToken);

    /// <summary>
    /// The readable range of a partition: an offset not above its first retained record and above every deleted one, and an offset above every
    /// durable record and not above any later one. Equal when the partition is empty.
    /// </summary>
    ValueTask<OffsetRange> GetRangeAsync(int partition, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a reader at the first record at or after each given offset. An offset below the retained range is an error, not a jump:
    /// <see cref="OffsetOutOfRangeException"/> (offset 0 means "the beginning, whatever is retained" and is never out of range).
    /// </summary>
    Task<ILogReader> OpenReaderAsync(IReadOnlyList<PartitionOffset> from, CancellationToken cancellationToken);
}

public readonly record struct PartitionOffset(int Partition, long Offset);

/// <summary>Half-open <c>[Low, High)</c>.</summary>
public readonly record struct OffsetRange(long Low, long High);

/// <summary>Reads a fixed set of partitions. Not safe for concurrent use: one consumer loop owns it.</summary>
public interface ILogReader : IAsyncDisposable
{
    /// <summary>
    /// Waits until at least one record is there or <paramref name="maxWait"/> has passed, and gives what is ready, up to the limits
    /// (one record is given even when it alone exceeds <paramref name="maxBytes"/>). The records' memory is valid until the next call.
    /// </summary>
    /// <exception cref="OffsetOutOfRangeException">Retention has overtaken the reader.</exception>
    /// <exception cref="EventLogCorruptException">The next durable records are damaged or missing.</exception>
    /// <exception cref="EventLogUnavailableException">The disk or the broker cannot be read. Reading again continues at the same place.</exception>
    ValueTask<IReadOnlyList<LogRecord>> ReadAsync(int maxRecords, int maxBytes, TimeSpan maxWait, CancellationToken cancellationToken);
}

/// <param name="Partition">The partition it was read from.</param>
/// <param name="Offset">Strictly increasing within the partition, above zero.</param>
/// <param name="AppendTimeMs">Milliseconds since 1970-01-01 UTC, by the log's clock.</param>
/// <param name="Value">Valid until the reader's next read.</param>
public readonly record struct LogRecord(int Partition, long Offset, long AppendTimeMs, ReadOnlyMemory<byte> Value);

/// <summary>The topic exists, but not as the caller needs it.</summary>
public sealed class TopicMismatchException(string message) : Exception(message);

/// <summary>The topic must exist and does not.</summary>
public sealed class TopicMissingException(string message) : Exception(message);

/// <summary>A reader asked for records that retention has already deleted.</summary>
public sealed class OffsetOutOfRangeException(string message) : Exception(message);

/// <summary>The log cannot be used: its files are locked by another instance, unreadable or not ours; its cluster is out of reach or refuses.</summary>
public sealed class EventLogUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
