using System.Buffers;
using Metering.Embedded.ClickHouse.Native;
using Microsoft.AspNetCore.Http;

namespace Metering.Embedded.ClickHouse.Http;

/// <summary>Runs one request: finds the statement, takes a slot and a connection, and moves rows one way or the other.</summary>
internal sealed class QueryRunner(ChdbEngine engine, ClickHouseServerOptions options, string version, TimeProvider time) : IDisposable
{
    private const int MaxStatementBytes = 64 * 1024 * 1024;
    private const int AppendBytes = 1024 * 1024;
    private const int HoldBytes = 1024 * 1024;
    private const string DefaultFormat = "TabSeparated";

    private readonly SessionTable _sessions = new(engine, time);
    private readonly RequestGate _reads = new(options.MaxConcurrentReads, options.MaxQueued, options.QueuePatience);
    private readonly RequestGate _writes = new(options.MaxConcurrentWrites, options.MaxQueued, options.QueuePatience);

    public async Task HandleAsync(HttpContext http)
    {
        RequestOptions request = new() { QueryId = "" };
        try
        {
            request = await RequestOptions.ReadAsync(http, time).ConfigureAwait(false);
            await RunAsync(http, request).ConfigureAwait(false);
        }
        catch (ClickHouseException exception)
        {
            await new ResponseWriter(http, request, version).FailAsync(exception).ConfigureAwait(false);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is listening any more; what ran for them has been cancelled.
        }
    }

    public void Dispose()
    {
        _sessions.Dispose();
        _reads.Dispose();
        _writes.Dispose();
    }

    private async Task RunAsync(HttpContext http, RequestOptions request)
    {
        await using RequestBody body = await RequestBody.OpenAsync(http, request, options.MaxBodyBytes).ConfigureAwait(false);
        Statement statement = Statement.Parse(body.Head.Span, request.DefaultFormat);
        if (statement.Kind == StatementKind.Empty)
        {
            throw new ClickHouseException(ErrorCode.SyntaxError, "Syntax error: failed at position 1 (end of query): Empty query", "SYNTAX_ERROR");
        }

        if (statement.Kind != StatementKind.InsertData && !body.Complete)
        {
            await body.ReadToEndAsync(MaxStatementBytes, http.RequestAborted).ConfigureAwait(false);
            statement = Statement.Parse(body.Head.Span, request.DefaultFormat);
        }

        using RequestGate.Slot slot = await (statement.Writes ? _writes : _reads).EnterAsync(http.RequestAborted).ConfigureAwait(false);
        if (request.SessionId is null)
        {
            using ChdbConnection connection = engine.Connect();
            await RunOnAsync(connection, http, request, body, statement, isSession: false).ConfigureAwait(false);
        }
        else
        {
            await RunInSessionAsync(http, request, body, statement).ConfigureAwait(false);
        }
    }

    private async Task RunInSessionAsync(HttpContext http, RequestOptions request, RequestBody body, Statement statement)
    {
        SessionTable.Session session = _sessions.Enter(request);
        try
        {
            await RunOnAsync(session.Connection, http, request, body, statement, isSession: true).ConfigureAwait(false);
        }
        finally
        {
            _sessions.Leave(session);
        }
    }

    private async Task RunOnAsync(ChdbConnection connection, HttpContext http, RequestOptions request, RequestBody body, Statement statement, bool isSession)
    {
        string? restore = await Task.Run(() => ConnectionSettings.Apply(connection, request, options.MaxQueryMemoryBytes, isSession)).ConfigureAwait(false);
        string logComment = ConnectionSettings.LogComment(request);
        CancellationTokenRegistration cancel = http.RequestAborted.Register(() => Task.Run(() => engine.Kill(logComment)));
        ResponseWriter response = new(http, request, version);
        try
        {
            Task run = statement.Kind == StatementKind.InsertData ? InsertAsync(connection, http, request, body, statement, response)
                : CheckedIsSelect(connection, body.Head.Span, statement) ? SelectAsync(connection, http, request, body, statement, response)
                : WholeAsync(connection, http, request, body, statement, response);
            await run.ConfigureAwait(false);
        }
        catch (ClickHouseException exception)
        {
            // This writer knows whether the response has begun, and how.
            await response.FailAsync(exception).ConfigureAwait(false);
        }
        finally
        {
            await cancel.DisposeAsync().ConfigureAwait(false);
            if (restore is not null)
            {
                await Task.Run(() => connection.Execute(restore)).ConfigureAwait(false);
            }
        }
    }

    private static string OutputFormat(Statement statement, RequestOptions request) => statement.Format ?? request.DefaultFormat ?? DefaultFormat;

    private Task SelectAsync(ChdbConnection connection, HttpContext http, RequestOptions request, RequestBody body, Statement statement, ResponseWriter response)
    {
        SelectStream stream = new(engine, connection, response, ConnectionSettings.LogComment(request), time);
        return stream.RunAsync(body.Head, statement.OutputClauseAt, OutputFormat(statement, request), request.Parameters,
            request.WaitEndOfQuery ? options.MaxBufferedResultBytes : HoldBytes, request.WaitEndOfQuery, http.RequestAborted);
    }

    private static async Task WholeAsync(ChdbConnection connection, HttpContext http, RequestOptions request, RequestBody body, Statement statement, ResponseWriter response)
    {
        ReadOnlyMemory<byte> sql = statement.Kind == StatementKind.Kill ? KillStatement.ByClientId(body.Head.Span) : body.Head;
        string format = OutputFormat(statement, request);
        using ChdbResult result = await Task.Run(() => connection.Query(sql.Span, format, request.Parameters)).ConfigureAwait(false);
        ThrowIfError(result);
        response.Begin(format, result);
        response.Write(result.Data);
        await response.EndAsync(http.RequestAborted).ConfigureAwait(false);
    }

    private static async Task InsertAsync(ChdbConnection connection, HttpContext http, RequestOptions request, RequestBody body, Statement statement, ResponseWriter response)
    {
        string format = statement.Format!;
        using ChdbInsert insert = await Task.Run(() => connection.StartInsert(body.Head.Span[..statement.SqlLength], format, request.Parameters)).ConfigureAwait(false);
        if (insert.Error is { } error)
        {
            throw new ClickHouseException(error);
        }

        await AppendAllAsync(insert, body, statement.DataStart, http.RequestAborted).ConfigureAwait(false);
        using ChdbResult result = await Task.Run(insert.Finish).ConfigureAwait(false);
        ThrowIfError(result);
        response.Begin(DefaultFormat, result);
        await response.EndAsync(http.RequestAborted).ConfigureAwait(false);
    }

    private static async Task AppendAllAsync(ChdbInsert insert, RequestBody body, int dataStart, CancellationToken aborted)
    {
        ReadOnlyMemory<byte> first = body.Head[dataStart..];
        bool accepted = first.IsEmpty || await Task.Run(() => insert.Append(first.Span), aborted).ConfigureAwait(false);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(AppendBytes);
        try
        {
            while (accepted && !body.Complete)
            {
                int read = await body.ReadAsync(buffer.AsMemory(0, AppendBytes), aborted).ConfigureAwait(false);
                accepted = read == 0 || await Task.Run(() => insert.Append(buffer.AsSpan(0, read)), aborted).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Asks the engine's parser, and refuses what the server refuses over HTTP. A text that does not parse is run whole, for its error.</summary>
    private static bool CheckedIsSelect(ChdbConnection connection, ReadOnlySpan<byte> sql, Statement statement)
    {
        QueryAnalysis analysis = connection.Classify(sql);
        if (analysis.StatementCount > 1 && sql.IndexOf((byte)';') >= 0)
        {
            throw new ClickHouseException(ErrorCode.SyntaxError, "Syntax error (Multi-statements are not allowed)", "SYNTAX_ERROR");
        }

        if (statement.Kind == StatementKind.Select && analysis.Class == QueryClass.Control)
        {
            throw new ClickHouseException(ErrorCode.UnsupportedMethod, "INTO OUTFILE is not allowed over HTTP", "UNSUPPORTED_METHOD");
        }

        return statement.Kind == StatementKind.Select && analysis.Class == QueryClass.ReadOnly;
    }

    private static void ThrowIfError(ChdbResult result)
    {
        if (result.Error is { } error)
        {
            throw new ClickHouseException(error);
        }
    }
}
