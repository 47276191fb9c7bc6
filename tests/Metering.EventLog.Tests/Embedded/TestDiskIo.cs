using Metering.EventLog.Embedded;
using Microsoft.Win32.SafeHandles;

namespace Metering.EventLog.Tests.Embedded;

/// <summary>A disk that counts its flushes, can be slow, and can fail.</summary>
internal sealed class TestDiskIo : IDiskIo
{
    private int _flushes;
    private int _writesUntilFailure = int.MaxValue;
    private int _flushesUntilFailure = int.MaxValue;

    public int Flushes => Volatile.Read(ref _flushes);

    public TimeSpan FlushTime { get; set; }

    /// <summary>After that many more writes one fails, having written half of its bytes.</summary>
    public void FailWriteAfter(int writes) => Volatile.Write(ref _writesUntilFailure, writes);

    public void FailFlushAfter(int flushes) => Volatile.Write(ref _flushesUntilFailure, flushes);

    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        if (Interlocked.Decrement(ref _writesUntilFailure) == -1)
        {
            RandomAccess.Write(file, bytes[..(bytes.Length / 2)], offset);
            throw new IOException("No space left on device (injected)");
        }

        RandomAccess.Write(file, bytes, offset);
    }

    public void Flush(SafeFileHandle file)
    {
        Interlocked.Increment(ref _flushes);
        if (Interlocked.Decrement(ref _flushesUntilFailure) == -1)
        {
            throw new IOException("Input/output error (injected)");
        }

        if (FlushTime > TimeSpan.Zero)
        {
            Thread.Sleep(FlushTime);
        }

        DurableFile.Sync(file);
    }
}
