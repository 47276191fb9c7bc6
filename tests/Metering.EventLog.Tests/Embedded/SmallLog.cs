using Metering.EventLog.Embedded;

namespace Metering.EventLog.Tests.Embedded;

internal static class SmallLog
{
    public const int PageBytes = 8192;
    public const int SegmentBytes = 32768;

    public static EmbeddedEventLogOptions Options(string folder) => new()
    {
        DataDirectory = folder,
        PageBytes = PageBytes,
        BufferBytes = 8 * PageBytes,
        CommitBytes = 4 * PageBytes,
        SegmentBytes = SegmentBytes,
        MaxRecordBytes = 6000,
        RecoveryPointBytes = 64 * 1024,
        RetryAfterFailure = TimeSpan.Zero,
    };
}
