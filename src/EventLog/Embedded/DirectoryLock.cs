using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Metering.EventLog.Embedded;

/// <summary>Keeps a second instance off the folder. The operating system drops the lock with the process, however it dies.</summary>
internal sealed class DirectoryLock : IDisposable
{
    private readonly SafeFileHandle _file;

    private DirectoryLock(SafeFileHandle file) => _file = file;

    public static DirectoryLock Take(string directory)
    {
        string path = Path.Combine(directory, "lock");
        try
        {
            SafeFileHandle file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            RandomAccess.SetLength(file, 0);
            RandomAccess.Write(file, Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)), 0);
            return new DirectoryLock(file);
        }
        catch (IOException e)
        {
            throw new EventLogUnavailableException($"The log in {directory} is in use by process {Owner(path)}.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new EventLogUnavailableException($"The log in {directory} cannot be opened: {e.Message}", e);
        }
    }

    public void Dispose() => _file.Dispose();

    private static string Owner(string path)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            Span<byte> pid = stackalloc byte[16];
            return Encoding.ASCII.GetString(pid[..RandomAccess.Read(file, pid, 0)]);
        }
        catch (IOException)
        {
            return "(unknown)";
        }
    }
}
