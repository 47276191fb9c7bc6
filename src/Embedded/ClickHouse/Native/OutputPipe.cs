using System.Runtime.InteropServices;

namespace Metering.Embedded.ClickHouse.Native;

/// <summary>
/// The way out of the engine: it writes a result into the pipe as if into a file, whole and in any format, and waits when nobody reads.
/// (The engine's own block-by-block fetch makes every block a document of its own, with its own header and footer.)
/// </summary>
internal sealed unsafe partial class OutputPipe : IDisposable
{
    private const int CloseOnExec = 0x80000;
    private const int SetPipeSize = 1031;
    private const int Capacity = 1024 * 1024;

    private readonly int _reader;
    private int _writer;

    public OutputPipe()
    {
        int* ends = stackalloc int[2];
        if (Pipe2(ends, CloseOnExec) != 0)
        {
            throw new IOException($"A pipe could not be opened (errno {Marshal.GetLastPInvokeError()}).");
        }

        _reader = ends[0];
        _writer = ends[1];

        // More than a user may have is refused; the pipe then keeps its 64 KiB.
        _ = Fcntl(_writer, SetPipeSize, Capacity);
    }

    /// <summary>The path under which the engine opens the other end.</summary>
    public string Path => $"/proc/self/fd/{_writer}";

    /// <summary>Blocks until there is something; 0 when the writer is closed and all is read.</summary>
    public int Read(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            nint read = Read(_reader, start, (nuint)buffer.Length);
            return read >= 0 ? (int)read : throw new IOException($"The pipe could not be read (errno {Marshal.GetLastPInvokeError()}).");
        }
    }

    public void CloseWriter()
    {
        int writer = Interlocked.Exchange(ref _writer, -1);
        if (writer >= 0)
        {
            _ = Close(writer);
        }
    }

    public void Dispose()
    {
        CloseWriter();
        _ = Close(_reader);
    }

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int Pipe2(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Fcntl(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int descriptor, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
