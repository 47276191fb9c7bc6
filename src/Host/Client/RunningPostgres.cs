using System.Globalization;
using System.Net;
using Metering.Host.Settings;

namespace Metering.Host.Client;

/// <summary>Finds the PostgreSQL of a deployment: the server that a connection string names, or the embedded one of a data folder that is in use.</summary>
internal static class RunningPostgres
{
    private const int PortLine = 3;

    /// <exception cref="SettingsException">It does not run.</exception>
    public static string Find(MeteringSettings settings, bool isAddressGiven)
    {
        if (!MeteringSettings.IsAddress(settings.Postgres))
        {
            return settings.Postgres;
        }

        string folder = Path.Combine(settings.Data, "postgres");
        string password = Path.Combine(folder, "password");
        if (!File.Exists(password))
        {
            throw new SettingsException($"There is no embedded PostgreSQL in {settings.Data}. Name the folder with --data, or a server with --postgres.");
        }

        IPEndPoint address = MeteringSettings.Address("postgres", settings.Postgres);
        int port = isAddressGiven ? address.Port : PortOf(folder) ?? throw new SettingsException($"The PostgreSQL of {settings.Data} is not running. Start it with 'metering up'.");
        return string.Create(CultureInfo.InvariantCulture, $"Host={address.Address};Port={port};Database=metering;Username=metering;Password={File.ReadAllText(password).Trim()}");
    }

    /// <summary>The running server notes its port in its lock file.</summary>
    private static int? PortOf(string folder)
    {
        string lockFile = Path.Combine(folder, "cluster", "data", "postmaster.pid");
        return File.Exists(lockFile) && int.TryParse(File.ReadLines(lockFile).ElementAtOrDefault(PortLine), NumberStyles.None, CultureInfo.InvariantCulture, out int port) ? port : null;
    }
}
