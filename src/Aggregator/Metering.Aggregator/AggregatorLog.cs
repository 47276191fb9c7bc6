using Microsoft.Extensions.Logging;

namespace Metering.Aggregator;

/// <summary>What the aggregator says: per batch debug, life cycle information, degraded warning, cannot go on error.</summary>
internal static partial class AggregatorLog
{
    [LoggerMessage(3001, LogLevel.Information, "Took partitions {Parts}")]
    public static partial void Acquired(ILogger logger, string parts);

    [LoggerMessage(3002, LogLevel.Warning, "Attempt {Attempt} failed, trying again in {Delay}: {Problem}")]
    public static partial void Retrying(ILogger logger, int attempt, TimeSpan delay, string problem, Exception exception);

    [LoggerMessage(3003, LogLevel.Critical, "{Problem}")]
    public static partial void Stopped(ILogger logger, string problem);

    [LoggerMessage(3004, LogLevel.Warning, "{Problem}")]
    public static partial void Lost(ILogger logger, string problem);

    [LoggerMessage(3005, LogLevel.Information, "Partition {Part}: flush {FlushNo} of offsets {Lo} to {Hi} was on its way and is sent again")]
    public static partial void Resending(ILogger logger, int part, long flushNo, long lo, long hi);

    [LoggerMessage(3006, LogLevel.Debug, "Flushed {Records} records of {Partitions} partitions in {Elapsed}")]
    public static partial void Flushed(ILogger logger, long records, int partitions, TimeSpan elapsed);

    [LoggerMessage(3007, LogLevel.Error, "The aggregator failed and starts over")]
    public static partial void StartingOver(ILogger logger, Exception exception);

    [LoggerMessage(3008, LogLevel.Information, "Sealed minutes up to {Upto:o} as seal {SealNo}: {Rows} windows")]
    public static partial void Sealed(ILogger logger, DateTimeOffset upto, long sealNo, long rows);

    [LoggerMessage(3009, LogLevel.Information, "Meter revision {Revision} of {Slug} is back-filled by {Jobs} jobs")]
    public static partial void BackfillPlanned(ILogger logger, int revision, string slug, int jobs);

    [LoggerMessage(3010, LogLevel.Information, "Meter revision {Revision} is ready")]
    public static partial void RevisionReady(ILogger logger, int revision);

    [LoggerMessage(3011, LogLevel.Error, "Audit: {Finding}")]
    public static partial void AuditFinding(ILogger logger, string finding);

    [LoggerMessage(3012, LogLevel.Warning, "{Task} failed and will be tried again: {Problem}")]
    public static partial void TaskFailed(ILogger logger, string task, string problem, Exception exception);

    [LoggerMessage(3013, LogLevel.Debug, "Dropped folded deltas of {Hour}")]
    public static partial void DeltasDropped(ILogger logger, string hour);

    [LoggerMessage(3014, LogLevel.Information, "Gave partitions {Parts} back")]
    public static partial void Released(ILogger logger, string parts);
}
