using System.Net;
using System.Net.Sockets;

namespace Metering.BillingCore.Tests.Ledger;

/// <summary>A road to PostgreSQL on which the answer to a COMMIT gets lost: it is committed, and whoever asked never hears of it.</summary>
internal sealed class LostAnswerProxy : IAsyncDisposable
{
    private static readonly byte[] s_committed = "COMMIT\0"u8.ToArray();

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<Task> _onCommit;
    private readonly IPEndPoint _server;

    /// <param name="onCommit">Before the connection breaks.</param>
    public LostAnswerProxy(IPEndPoint server, Func<Task> onCommit)
    {
        (_server, _onCommit) = (server, onCommit);
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
            _ = RelayAsync(client);
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using (client)
        {
            using TcpClient server = new();
            await server.ConnectAsync(_server, _stop.Token);
            await Task.WhenAny(CopyAsync(client.GetStream(), server.GetStream(), isAnswer: false), CopyAsync(server.GetStream(), client.GetStream(), isAnswer: true));
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, bool isAnswer)
    {
        byte[] buffer = new byte[65536];
        try
        {
            for (int read; (read = await from.ReadAsync(buffer, _stop.Token)) > 0;)
            {
                if (isAnswer && buffer.AsSpan(0, read).IndexOf(s_committed) >= 0)
                {
                    await _onCommit();
                    return;
                }

                await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
            }
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Either side went away; the other one notices.
        }
    }
}
