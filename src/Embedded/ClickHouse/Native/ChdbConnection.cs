using System.Text;

namespace Metering.Embedded.ClickHouse.Native;

/// <summary>A session of the engine. One statement at a time; calls block, so they run on worker threads.</summary>
internal sealed unsafe class ChdbConnection(ChdbLibrary library, nint* connection) : IDisposable
{
    private nint* _connection = connection;

    private nint Handle => *_connection;

    public ChdbResult Query(ReadOnlySpan<byte> sql, string format, QueryParameters parameters) =>
        new(library, Run(library.Query, sql, format, parameters));

    /// <summary>Starts an INSERT (without FORMAT or data); rows in the format follow through <see cref="ChdbInsert.Append"/>.</summary>
    public ChdbInsert StartInsert(ReadOnlySpan<byte> sql, string format, QueryParameters parameters) =>
        new(library, Run(library.StreamInsert, sql, format, parameters));

    public QueryAnalysis Classify(ReadOnlySpan<byte> sql)
    {
        QueryAnalysis analysis = new() { StructSize = (uint)sizeof(QueryAnalysis) };
        fixed (byte* text = sql)
        {
            _ = library.Classify(Handle, text, (nuint)sql.Length, null, 0, &analysis);
        }

        return analysis;
    }

    /// <summary>Runs a statement of our own and throws what the engine says against it.</summary>
    public string Execute(string sql)
    {
        using ChdbResult result = Query(Encoding.UTF8.GetBytes(sql), "TabSeparated", QueryParameters.None);
        return result.Error is { } error ? throw new ClickHouseException(error) : Encoding.UTF8.GetString(result.Data);
    }

    public void Dispose()
    {
        if (_connection is not null)
        {
            library.CloseConnection(_connection);
            _connection = null;
        }
    }

    private nint Run(
        delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte**, nuint*, byte**, nuint*, nuint, nint> function,
        ReadOnlySpan<byte> sql,
        string format,
        QueryParameters parameters)
    {
        byte[] formatBytes = Encoding.UTF8.GetBytes(format);
        using PinnedParameters pinned = new(parameters);
        fixed (byte* text = sql, formatText = formatBytes)
        {
            return function(Handle, text, (nuint)sql.Length, formatText, (nuint)formatBytes.Length,
                pinned.Names, pinned.NameLengths, pinned.Values, pinned.ValueLengths, (nuint)parameters.Count);
        }
    }
}
