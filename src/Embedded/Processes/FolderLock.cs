using System.Globalization;

namespace Metering.Embedded.Processes;

/// <summary>
/// An flock on a file; the file beside it names the holder's pid. The kernel drops the lock with the process, even after kill -9, and children
/// do not inherit it.
/// </summary>
internal sealed class FolderLock : IDisposable
{
    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Takes the lock, or says which process has it.</summary>
    public static bool TryTake(string path, out FolderLock? taken, out int holder)
    {
        try
        {
            taken = new FolderLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1));
            File.WriteAllText(HolderFile(path), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            holder = Environment.ProcessId;
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            taken = null;
            holder = ReadHolder(path);
            return false;
        }
    }

    /// <summary>The lock of an engine's data folder, held by the process that supervises the engine.</summary>
    public static FolderLock TakeDataFolder(string engine, string folder) =>
        TryTake(Path.Combine(folder, "metering.lock"), out FolderLock? taken, out int holder)
            ? taken!
            : throw new EngineException($"The {engine} folder {folder} is in use by another instance (process {holder}). Stop it, or choose another data folder.");

    public static async Task<FolderLock> WaitAsync(string path, TimeSpan poll, TimeProvider time, CancellationToken cancellationToken)
    {
        FolderLock? taken;
        while (!TryTake(path, out taken, out _))
        {
            await Task.Delay(poll, time, cancellationToken).ConfigureAwait(false);
        }

        return taken!;
    }

    public void Dispose() => _file.Dispose();

    private static int ReadHolder(string path) =>
        File.Exists(HolderFile(path)) && int.TryParse(File.ReadAllText(HolderFile(path)), NumberStyles.None, CultureInfo.InvariantCulture, out int holder) ? holder : 0;

    /// <summary>Not in the locked file itself, which .NET lets nobody else open.</summary>
    private static string HolderFile(string path) => path + ".pid";
}
