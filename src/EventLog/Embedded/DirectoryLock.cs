using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Metering.EventLog.Embedded;

/// <summary>Keeps a second instance off the folder. The operating system drops the lock with the process, however it dies.</summary>
internal sealed class DirectoryLock : IDisposable
{
    private const string OwnerSuffix = ".owner";

    private readonly SafeFileHandle _file;

    private DirectoryLock(SafeFileHandle file) => _file = file;

    public static DirectoryLock Take(string directory)
    {
        string path = Path.Combine(directory, "lock");
        try
        {
            SafeFileHandle file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            // In a file of its own: nobody else can even read a locked one.
            File.WriteAllText(path + OwnerSuffix, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
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
            return File.ReadAllText(path + OwnerSuffix);
        }
        catch (IOException)
        {
            return "(unknown)";
        }
    }
}
