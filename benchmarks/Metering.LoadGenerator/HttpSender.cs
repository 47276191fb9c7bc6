using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Metering.LoadGenerator;

/// <summary>HTTP/1.1 on a bare socket: one request at a time, the answer read to its end and its status checked.</summary>
internal sealed class HttpSender : ISender
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly EventTemplate _batch;
    private readonly byte[] _request;
    private readonly byte[] _answer = new byte[64 * 1024];

    private HttpSender(Uri url, EventTemplate batch, string? key)
    {
        _batch = batch;
        string who = key is null ? $"X-Metering-Tenant: {LoadOptions.Tenant}" : $"Authorization: Bearer {key}";
        string head = string.Create(CultureInfo.InvariantCulture,
            $"POST /v1/events HTTP/1.1\r\nHost: {url.Authority}\r\nContent-Type: application/json\r\n{who}\r\nContent-Length: {batch.Bytes.Length}\r\n\r\n");
        _request = [.. Encoding.ASCII.GetBytes(head), .. batch.Bytes];
    }

    /// <param name="url">The server's address.</param>
    /// <param name="batch">What every request sends, with other ids.</param>
    /// <param name="key">An API key; null for a server that needs none.</param>
    public static async Task<HttpSender> ConnectAsync(Uri url, EventTemplate batch, string? key)
    {
        HttpSender sender = new(url, batch, key);
        await sender._socket.ConnectAsync(url.Host, url.Port);
        return sender;
    }

    public async Task SendAsync(long firstId, CancellationToken cancellationToken)
    {
        _batch.Number(firstId);
        _batch.Bytes.CopyTo(_request.AsSpan(_request.Length - _batch.Bytes.Length));
        await _socket.SendAsync(_request, cancellationToken);
        int length = 0;
        int end;
        do
        {
            int read = await _socket.ReceiveAsync(_answer.AsMemory(length), cancellationToken);
            length += read > 0 ? read : throw new IOException("The server closed the connection.");
            end = AnswerEnd(_answer.AsSpan(0, length));
        }
        while (end < 0);

        if (!_answer.AsSpan().StartsWith("HTTP/1.1 200"u8))
        {
            throw new IOException(Encoding.UTF8.GetString(_answer, 0, Math.Min(length, 1000)));
        }
    }

    public Task FinishAsync() => Task.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Negative while there is more to come.</summary>
    private static int AnswerEnd(ReadOnlySpan<byte> answer)
    {
        int head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return -1;
        }

        int length = answer[..head].IndexOf("Content-Length: "u8);
        if (length < 0)
        {
            return answer.EndsWith("0\r\n\r\n"u8) ? answer.Length : -1;
        }

        ReadOnlySpan<byte> digits = answer[(length + "Content-Length: ".Length)..head];
        int lineEnd = digits.IndexOf("\r\n"u8);
        int body = int.Parse(lineEnd < 0 ? digits : digits[..lineEnd], CultureInfo.InvariantCulture);
        return answer.Length >= head + 4 + body ? head + 4 + body : -1;
    }
}
