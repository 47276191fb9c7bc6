using System.Runtime.InteropServices;

namespace Metering.Embedded.ClickHouse.Native;

/// <summary>
/// .NET turns SIGSEGV into NullReferenceException, and libchdb may replace such handlers while it connects. Telling it not to is enough for
/// 26.7; saving and restoring them around each connect keeps that from becoming a silent crash with another version.
/// </summary>
internal static unsafe partial class SignalHandlers
{
    // SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS
    private static readonly int[] Guarded = [4, 5, 6, 7, 8, 11, 31];

    // struct sigaction is 152 bytes in glibc on x86-64 and arm64.
    private const int SigactionSize = 160;

    public static byte[] Save()
    {
        byte[] saved = new byte[Guarded.Length * SigactionSize];
        fixed (byte* start = saved)
        {
            for (int i = 0; i < Guarded.Length; i++)
            {
                _ = Sigaction(Guarded[i], null, start + (i * SigactionSize));
            }
        }

        return saved;
    }

    public static void Restore(byte[] saved)
    {
        fixed (byte* start = saved)
        {
            for (int i = 0; i < Guarded.Length; i++)
            {
                _ = Sigaction(Guarded[i], start + (i * SigactionSize), null);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static partial int Sigaction(int signal, byte* action, byte* previous);
}
