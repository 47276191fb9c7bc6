using System.Runtime.InteropServices;

namespace Metering.Embedded.ClickHouse.Native;

/// <summary>The functions of libchdb.so that we call, as its C header declares them.</summary>
internal sealed unsafe class ChdbLibrary
{
    public readonly delegate* unmanaged<int, byte**, nint*> Connect;
    public readonly delegate* unmanaged<nint*, void> CloseConnection;
    public readonly delegate* unmanaged<int, void> SetSignalHandlersEnabled;
    public readonly delegate* unmanaged<int> Shutdown;
    public readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte**, nuint*, byte**, nuint*, nuint, nint> Query;
    public readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte**, nuint*, byte**, nuint*, nuint, nint> StreamInsert;
    public readonly delegate* unmanaged<nint, byte*, nuint, int> InsertAppend;
    public readonly delegate* unmanaged<nint, nint> InsertDone;
    public readonly delegate* unmanaged<nint, byte*> InsertError;
    public readonly delegate* unmanaged<nint, void> InsertDestroy;
    public readonly delegate* unmanaged<nint, byte*> ResultBuffer;
    public readonly delegate* unmanaged<nint, nuint> ResultLength;
    public readonly delegate* unmanaged<nint, byte*> ResultError;
    public readonly delegate* unmanaged<nint, ulong> RowsRead;
    public readonly delegate* unmanaged<nint, ulong> BytesRead;
    public readonly delegate* unmanaged<nint, ulong> RowsWritten;
    public readonly delegate* unmanaged<nint, ulong> BytesWritten;
    public readonly delegate* unmanaged<nint, void> ResultDestroy;
    public readonly delegate* unmanaged<nint, byte*, nuint, byte*, nuint, QueryAnalysis*, int> Classify;

    public ChdbLibrary(string path)
    {
        nint library = NativeLibrary.Load(path);
        nint Export(string name) => NativeLibrary.GetExport(library, name);
        Connect = (delegate* unmanaged<int, byte**, nint*>)Export("chdb_connect");
        CloseConnection = (delegate* unmanaged<nint*, void>)Export("chdb_close_conn");
        SetSignalHandlersEnabled = (delegate* unmanaged<int, void>)Export("chdb_set_signal_handlers_enabled");
        Shutdown = (delegate* unmanaged<int>)Export("chdb_shutdown");
        Query = (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte**, nuint*, byte**, nuint*, nuint, nint>)Export("chdb_query_with_params_n");
        StreamInsert = (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, byte**, nuint*, byte**, nuint*, nuint, nint>)Export("chdb_stream_insert_with_params_n");
        InsertAppend = (delegate* unmanaged<nint, byte*, nuint, int>)Export("chdb_stream_append");
        InsertDone = (delegate* unmanaged<nint, nint>)Export("chdb_stream_done");
        InsertError = (delegate* unmanaged<nint, byte*>)Export("chdb_stream_insert_error");
        InsertDestroy = (delegate* unmanaged<nint, void>)Export("chdb_destroy_insert_stream");
        ResultBuffer = (delegate* unmanaged<nint, byte*>)Export("chdb_result_buffer");
        ResultLength = (delegate* unmanaged<nint, nuint>)Export("chdb_result_length");
        ResultError = (delegate* unmanaged<nint, byte*>)Export("chdb_result_error");
        RowsRead = (delegate* unmanaged<nint, ulong>)Export("chdb_result_storage_rows_read");
        BytesRead = (delegate* unmanaged<nint, ulong>)Export("chdb_result_storage_bytes_read");
        RowsWritten = (delegate* unmanaged<nint, ulong>)Export("chdb_result_rows_written");
        BytesWritten = (delegate* unmanaged<nint, ulong>)Export("chdb_result_bytes_written");
        ResultDestroy = (delegate* unmanaged<nint, void>)Export("chdb_destroy_query_result");
        Classify = (delegate* unmanaged<nint, byte*, nuint, byte*, nuint, QueryAnalysis*, int>)Export("chdb_classify_query_n");
    }
}

/// <summary>What the engine's own parser says of a statement, without running it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct QueryAnalysis
{
    public uint StructSize;
    public uint StatementCount;
    public uint Flags;
    public QueryClass Class;
}

internal enum QueryClass : uint
{
    ReadOnly = 0,
    Mutating = 1,
    MutatingGlobal = 2,
    Control = 3,
    Unknown = 4,
}
