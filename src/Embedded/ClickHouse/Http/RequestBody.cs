using System.Text;
using Microsoft.AspNetCore.Http;

namespace Metering.Embedded.ClickHouse.Http;

/// <summary>
/// The statement and its data as one stream of bytes: what the URL says, then the body, decompressed. The beginning is kept in memory to find
/// the statement in; the rest goes to the engine as it arrives.
/// </summary>
internal sealed class RequestBody : IAsyncDisposable
{
    private const int HeadBytes = 256 * 1024;

    private readonly Stream _body;
    private readonly long _maxBytes;
    private readonly MemoryStream _head = new();
    private long _bodyBytes;

    private RequestBody(Stream body, long maxBytes)
    {
        _body = body;
        _maxBytes = maxBytes;
    }

    /// <summary>The whole body is in <see cref="Head"/>.</summary>
    public bool Complete { get; private set; }

    public ReadOnlyMemory<byte> Head => _head.GetBuffer().AsMemory(0, (int)_head.Length);

    public static async Task<RequestBody> OpenAsync(HttpContext http, RequestOptions options, long maxBytes)
    {
        Stream body = RequestOptions.IsMultipart(http.Request) ? Stream.Null : ContentCodings.Decode(http.Request.Body, http.Request.Headers.ContentEncoding);
        RequestBody request = new(body, maxBytes);
        request._head.Write(Encoding.UTF8.GetBytes(options.Query));
        await request.ReadHeadAsync(options.Query.Length > 0, http.RequestAborted).ConfigureAwait(false);
        return request;
    }

    /// <summary>Reads everything into <see cref="Head"/>, for statements that are run as a whole.</summary>
    public async Task ReadToEndAsync(long maxStatementBytes, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[64 * 1024];
        while (!Complete)
        {
            int read = await ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            _head.Write(buffer, 0, read);
            if (_head.Length > maxStatementBytes)
            {
                throw new ClickHouseException(ErrorCode.QueryIsTooLarge, $"The statement is larger than {maxStatementBytes} bytes", "QUERY_IS_TOO_LARGE");
            }
        }
    }

    /// <summary>Fills the buffer unless the body ends; returns 0 at its end.</summary>
    public async Task<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int total = 0;
        while (total < buffer.Length && !Complete)
        {
            int read = await ReadSomeAsync(buffer[total..], cancellationToken).ConfigureAwait(false);
            Complete = read == 0;
            total += read;
            _bodyBytes += read;
            if (_bodyBytes > _maxBytes)
            {
                throw new ClickHouseException(ErrorCode.QueryIsTooLarge, $"The body is larger than {_maxBytes} bytes", "QUERY_IS_TOO_LARGE");
            }
        }

        return total;
    }

    public ValueTask DisposeAsync() => _body.DisposeAsync();

    private async Task ReadHeadAsync(bool afterUrlQuery, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[HeadBytes];
        int read = await ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (afterUrlQuery && read > 0)
        {
            _head.WriteByte((byte)'\n');
        }

        _head.Write(buffer, 0, read);
    }

    private async ValueTask<int> ReadSomeAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await _body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is InvalidDataException or ZstdSharp.ZstdException or EndOfStreamException)
        {
            throw new ClickHouseException(ErrorCode.CannotDecompress, $"Cannot decompress the request body: {exception.Message}", "CANNOT_DECOMPRESS");
        }
        catch (BadHttpRequestException exception)
        {
            throw new ClickHouseException(ErrorCode.NetworkError, $"Cannot read the request body: {exception.Message}", "NETWORK_ERROR");
        }
    }
}
