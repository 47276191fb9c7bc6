using Microsoft.Win32.SafeHandles;

namespace Metering.EventLog.Embedded;

/// <summary>The two calls durability depends on, so that tests can count them and make them fail.</summary>
internal interface IDiskIo
{
    void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset);

    void Flush(SafeFileHandle file);
}

internal sealed class DiskIo : IDiskIo
{
    public static readonly DiskIo Instance = new();

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(file, bytes, offset);

    public void Flush(SafeFileHandle file) => DurableFile.Sync(file);
}
