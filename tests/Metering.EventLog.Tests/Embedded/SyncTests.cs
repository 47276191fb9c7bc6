using Metering.EventLog.Embedded;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Metering.EventLog.Tests.Embedded;

public sealed class SyncTests
{
    /// <summary>No file: the system refuses to sync it, as it does when a disk fails.</summary>
    private const int NoDescriptor = 987_654;

    [Fact]
    public void A_sync_that_the_system_refuses_is_an_error()
    {
        using SafeFileHandle file = new(NoDescriptor, ownsHandle: false);
        IOException refused = Assert.Throws<IOException>(() => DiskIo.Instance.Flush(file));
        Assert.Contains("sync", refused.Message, StringComparison.Ordinal);
    }
}
