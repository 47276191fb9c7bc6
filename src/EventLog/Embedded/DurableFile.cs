using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Metering.EventLog.Embedded;

/// <summary>Small files that are either the old or the new version after any crash, and folders whose entries survive one.</summary>
internal static partial class DurableFile
{
    private const int OpenReadOnlyDirectory = 0x10000 | 0x80000; // O_DIRECTORY | O_CLOEXEC on Linux x64
    private const int Interrupted = 4; // EINTR

    /// <summary>Replaces the file: the bytes and their checksum go to a temporary file, which is synced, renamed, and its folder synced.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> bytes)
    {
        byte[] framed = new byte[bytes.Length + sizeof(uint)];
        bytes.CopyTo(framed.AsSpan(sizeof(uint)));
        BinaryPrimitives.WriteUInt32LittleEndian(framed, LogEntry.Crc32C(0, bytes));
        string temporary = path + ".new";
        using (SafeFileHandle file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, framed, 0);
            Sync(file);
        }

        File.Move(temporary, path, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>The bytes last given to <see cref="Replace"/>, null when there is no such file.</summary>
    /// <exception cref="EventLogUnavailableException">The file is damaged.</exception>
    public static byte[]? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        byte[] framed = File.ReadAllBytes(path);
        if (framed.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32LittleEndian(framed) != LogEntry.Crc32C(0, framed.AsSpan(sizeof(uint))))
        {
            throw new EventLogUnavailableException($"The file {path} is damaged: its checksum does not match.");
        }

        return framed[sizeof(uint)..];
    }

    /// <summary>Makes the folder and its entry in the parent durable.</summary>
    public static void CreateDirectory(string path)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full))
        {
            return;
        }

        string? parent = Path.GetDirectoryName(full);
        if (parent is not null)
        {
            CreateDirectory(parent);
        }

        Directory.CreateDirectory(full);
        if (parent is not null)
        {
            SyncDirectory(parent);
        }
    }

    /// <summary>
    /// Makes what was written to the file durable, or throws. The runtime's own <see cref="RandomAccess.FlushToDisk"/> asks for the same, but
    /// outside Windows it takes every refusal for success (seen with .NET 10: the comparison in its native loop overwrites the result).
    /// </summary>
    /// <exception cref="IOException">The system could not: nothing is known about what is on the disk.</exception>
    public static void Sync(SafeFileHandle file)
    {
        if (OperatingSystem.IsWindows())
        {
            RandomAccess.FlushToDisk(file);
            return;
        }

        while (Fsync(file) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                throw new IOException($"Cannot sync a file: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}).");
            }
        }
    }

    /// <summary>A new or deleted file is durable only when its folder is synced, which .NET has no call for. NTFS journals it by itself.</summary>
    public static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int descriptor = Open(path, OperatingSystem.IsLinux() ? OpenFlags() : 0);
        if (descriptor < 0)
        {
            throw new IOException($"Cannot open the folder {path} to sync it (errno {Marshal.GetLastPInvokeError()}).");
        }

        int result = Fsync(descriptor);
        int error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (result < 0)
        {
            throw new IOException($"Cannot sync the folder {path} (errno {error}).");
        }
    }

    // O_DIRECTORY differs between processors; plain O_RDONLY opens a folder everywhere.
    private static int OpenFlags() => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? OpenReadOnlyDirectory : 0;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
