using System.Runtime.InteropServices;

namespace Metering.Embedded.ClickHouse.Native;

/// <summary>A result, or a block of one, in the engine's memory.</summary>
internal sealed unsafe class ChdbResult(ChdbLibrary library, nint handle) : IDisposable
{
    private readonly ChdbLibrary _library = library;

    public nint Handle { get; private set; } = handle;

    public string? Error => Marshal.PtrToStringUTF8((nint)_library.ResultError(Handle));

    public int Length => checked((int)_library.ResultLength(Handle));

    /// <summary>Valid until disposed.</summary>
    public ReadOnlySpan<byte> Data => new(_library.ResultBuffer(Handle), Length);

    public ulong RowsRead => _library.RowsRead(Handle);

    public ulong BytesRead => _library.BytesRead(Handle);

    public ulong RowsWritten => _library.RowsWritten(Handle);

    public ulong BytesWritten => _library.BytesWritten(Handle);

    public void Dispose()
    {
        if (Handle != 0)
        {
            _library.ResultDestroy(Handle);
            Handle = 0;
        }
    }
}
