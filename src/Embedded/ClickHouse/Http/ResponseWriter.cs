using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Metering.Embedded.ClickHouse.Native;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Metering.Embedded.ClickHouse.Http;

/// <summary>Writes a response as the server does: its headers, its errors, and errors that come after the first byte.</summary>
internal sealed class ResponseWriter(HttpContext http, RequestOptions options, string version)
{
    private const string ExceptionMarker = "__exception__";
    private readonly string _exceptionTag = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8));
    private Stream? _encoder;
    private bool _hasBody;

    /// <summary>The headers are decided, though they may not have left yet.</summary>
    public bool HasBegun { get; private set; }

    public static string ContentType(string format) => format switch
    {
        "CSV" or "CSVWithNames" or "CSVWithNamesAndTypes" => "text/csv; charset=UTF-8; header=" + (format == "CSV" ? "absent" : "present"),
        "TabSeparated" or "TSV" or "TabSeparatedRaw" or "TSVRaw" or "TabSeparatedWithNames" or "TSVWithNames"
            or "TabSeparatedWithNamesAndTypes" or "TSVWithNamesAndTypes" => "text/tab-separated-values; charset=UTF-8",
        "JSONEachRow" or "JSONLines" or "NDJSON" or "JSONCompactEachRow" or "JSONStringsEachRow" => "application/x-ndjson; charset=UTF-8",
        "XML" => "application/xml; charset=UTF-8",
        "Markdown" => "text/markdown; charset=UTF-8",
        _ when format.StartsWith("JSON", StringComparison.Ordinal) => "application/json; charset=UTF-8",
        _ when format.StartsWith("RowBinary", StringComparison.Ordinal) || format is "Native" or "Parquet" or "Arrow" or "ArrowStream" or "ORC" or "Avro" => "application/octet-stream",
        _ => "text/plain; charset=UTF-8",
    };

    public void Begin(string format, ulong readRows = 0, ulong readBytes = 0, ulong writtenRows = 0, ulong writtenBytes = 0)
    {
        HttpResponse response = http.Response;
        HasBegun = true;
        CommonHeaders();
        response.ContentType = ContentType(format);
        response.Headers["X-ClickHouse-Format"] = format;
        response.Headers["X-ClickHouse-Exception-Tag"] = _exceptionTag;
        response.Headers["X-ClickHouse-Summary"] = string.Create(CultureInfo.InvariantCulture,
            $$"""{"read_rows":"{{readRows}}","read_bytes":"{{readBytes}}","written_rows":"{{writtenRows}}","written_bytes":"{{writtenBytes}}","total_rows_to_read":"0","result_rows":"{{writtenRows}}","result_bytes":"{{writtenBytes}}","elapsed_ns":"0"}""");
        string? coding = options.CompressResponse ? ContentCodings.Choose(http.Request.Headers.AcceptEncoding) : null;
        if (coding is not null)
        {
            response.Headers.ContentEncoding = coding;
            _encoder = ContentCodings.Encode(new PipeSink(response.BodyWriter), coding);
        }
    }

    public void Begin(string format, ChdbResult result) =>
        Begin(format, result.RowsRead, result.BytesRead, result.RowsWritten, result.BytesWritten);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _hasBody |= !bytes.IsEmpty;
        if (_encoder is { } encoder)
        {
            encoder.Write(bytes);
        }
        else
        {
            http.Response.BodyWriter.Write(bytes);
        }
    }

    /// <summary>Waits for a slow client.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_hasBody)
        {
            await http.Response.BodyWriter.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task EndAsync(CancellationToken cancellationToken)
    {
        if (_hasBody && _encoder is { } encoder)
        {
            await encoder.DisposeAsync().ConfigureAwait(false);
        }
        else if (!http.Response.HasStarted)
        {
            // No bytes are no gzip either: a client that decodes would wait for the rest.
            http.Response.Headers.Remove("Content-Encoding");
        }

        await http.Response.BodyWriter.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    public async Task FailAsync(ClickHouseException exception)
    {
        if (http.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        string message = Describe(exception);
        if (http.Response.HasStarted)
        {
            await FailMidStreamAsync(message).ConfigureAwait(false);
            return;
        }

        http.Response.Headers.Clear();
        CommonHeaders();
        http.Response.StatusCode = HttpStatus.Of(exception.Code);
        http.Response.ContentType = "text/plain; charset=UTF-8";
        http.Response.Headers["X-ClickHouse-Exception-Code"] = exception.Code.ToString(CultureInfo.InvariantCulture);
        if (exception.Code == (int)ErrorCode.TooManySimultaneousQueries)
        {
            http.Response.Headers.RetryAfter = "1";
        }

        await http.Response.WriteAsync(message + "\n").ConfigureAwait(false);
    }

    /// <summary>The status is sent: the error goes into the body between tags that clients look for, and the transfer is broken off.</summary>
    private async Task FailMidStreamAsync(string message)
    {
        int length = Encoding.UTF8.GetByteCount(message) + 1;
        string tail = $"\r\n{ExceptionMarker}\r\n{_exceptionTag}\r\n{message}\n{length} {_exceptionTag}\r\n{ExceptionMarker}\r\n";
        Write(Encoding.UTF8.GetBytes(tail));
        await EndAsync(http.RequestAborted).ConfigureAwait(false);

        // Everything is handed to the kernel by now (the server buffers nothing), and the end of the stream goes after it: the client gets the
        // message, and still a transfer without its last chunk.
        http.Features.Get<IConnectionSocketFeature>()?.Socket.Shutdown(SocketShutdown.Send);
    }

    private string Describe(ClickHouseException exception) =>
        exception.Message.Contains("(version ", StringComparison.Ordinal) ? exception.Message : $"{exception.Message} (version {version})";

    private void CommonHeaders()
    {
        IHeaderDictionary headers = http.Response.Headers;
        headers["X-ClickHouse-Query-Id"] = options.QueryId;
        headers["X-ClickHouse-Server-Display-Name"] = "metering";
        headers["X-ClickHouse-Timezone"] = "UTC";
    }
}

/// <summary>A stream that only puts bytes into the response's pipe; whoever writes flushes the pipe, and waits there.</summary>
internal sealed class PipeSink(PipeWriter pipe) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer) => pipe.Write(buffer);

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Write(buffer.AsSpan(offset, count));
        return Task.CompletedTask;
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
