using System.Text;

namespace Metering.Embedded.ClickHouse.Native;

/// <summary>
/// The ClickHouse engine of this process: one data folder, any number of connections. A connection takes 0.2 ms to open, so a request gets
/// its own and nothing it sets can reach the next one.
/// </summary>
internal sealed unsafe class ChdbEngine : IDisposable
{
    private readonly byte[][] _arguments;
    private readonly Lock _connectGate = new();
    private readonly ChdbConnection _keeper;

    public ChdbEngine(string libraryPath, string dataPath)
    {
        Library = new ChdbLibrary(libraryPath);
        _arguments = [Encoding.UTF8.GetBytes("clickhouse\0"), Encoding.UTF8.GetBytes($"--path={dataPath}\0")];
        byte[] handlers = SignalHandlers.Save();
        Library.SetSignalHandlersEnabled(0);
        SignalHandlers.Restore(handlers);

        // The engine lives as long as any connection: this one keeps it up between requests.
        _keeper = Connect();
    }

    public ChdbLibrary Library { get; }

    public ChdbConnection Connect()
    {
        lock (_connectGate)
        {
            byte[] handlers = SignalHandlers.Save();
            nint* connection;
            fixed (byte* program = _arguments[0], path = _arguments[1])
            {
                byte** arguments = stackalloc byte*[] { program, path };
                connection = Library.Connect(2, arguments);
            }

            SignalHandlers.Restore(handlers);
            return connection is not null
                ? new ChdbConnection(Library, connection)
                : throw new EngineException("libchdb refused to open the data folder; is another process using it?");
        }
    }

    /// <summary>Ends the queries that carry this log comment; they report QUERY_WAS_CANCELLED to whoever waits for them.</summary>
    public void Kill(string logComment)
    {
        using ChdbConnection connection = Connect();
        connection.Execute($"KILL QUERY WHERE Settings['log_comment'] = {SqlText.Quote(logComment)} ASYNC");
    }

    public void KillAll()
    {
        using ChdbConnection connection = Connect();
        connection.Execute("KILL QUERY WHERE query NOT LIKE 'KILL QUERY%' ASYNC");
    }

    public void Dispose()
    {
        _keeper.Dispose();
        _ = Library.Shutdown();
    }
}
