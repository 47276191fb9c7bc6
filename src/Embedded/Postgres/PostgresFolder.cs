using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Metering.Embedded.Postgres;

/// <summary>
/// Where the cluster's files are. Normally `cluster` in the data folder. As root under a folder that the service user cannot enter (say
/// `.local/share` in its home), PostgreSQL could not open them there: they go to `/var/lib/metering`, named after the data folder, and `cluster` is a
/// link to them, so that whoever looks or backs up finds them. Nobody but their owner may look into them; who that is, the cluster says.
/// </summary>
internal static class PostgresFolder
{
    private const string SystemRoot = "/var/lib/metering";

    public static string Prepare(string dataPath, ServiceUser? user, ILogger logger)
    {
        string cluster = Path.Combine(dataPath, "cluster");
        if (new DirectoryInfo(cluster).LinkTarget is { } linked)
        {
            Directory.CreateDirectory(linked);
            return Close(linked);
        }

        if (user is null || user.CanReach(dataPath))
        {
            Directory.CreateDirectory(cluster);
            return Close(cluster);
        }

        string name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataPath)))[..12];
        string actual = Path.Combine(SystemRoot, "postgres-" + name);
        Directory.CreateDirectory(actual);
        Directory.CreateSymbolicLink(cluster, actual);
        EmbeddedLog.PostgresRelocated(logger, user.Name, dataPath, actual);
        return Close(actual);
    }

    private static string Close(string folder)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return folder;
    }
}
