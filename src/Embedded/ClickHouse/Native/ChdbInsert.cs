using System.Runtime.InteropServices;

namespace Metering.Embedded.ClickHouse.Native;

/// <summary>An INSERT that takes its rows in chunks. Append blocks while the engine is behind, which is the back-pressure.</summary>
internal sealed unsafe class ChdbInsert(ChdbLibrary library, nint handle) : IDisposable
{
    public string? Error => Marshal.PtrToStringUTF8((nint)library.InsertError(handle));

    /// <summary>Returns false when the insert has failed; <see cref="Finish"/> says why.</summary>
    public bool Append(ReadOnlySpan<byte> chunk)
    {
        fixed (byte* start = chunk)
        {
            return library.InsertAppend(handle, start, (nuint)chunk.Length) == 0;
        }
    }

    public ChdbResult Finish() => new(library, library.InsertDone(handle));

    /// <summary>Destroying an insert that was not finished cancels it.</summary>
    public void Dispose() => library.InsertDestroy(handle);
}
