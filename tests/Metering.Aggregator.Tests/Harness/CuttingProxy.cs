using System.Net;
using System.Net.Sockets;

namespace Metering.Aggregator.Tests.Harness;

/// <summary>A road to PostgreSQL that can be cut just when the answer to a COMMIT comes back: it is committed, and nobody knows.</summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    private static readonly byte[] s_committed = "COMMIT\0"u8.ToArray();

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _server;
    private int _cutAt;
    private int _commits;

    public CuttingProxy(IPEndPoint server)
    {
        _server = server;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many answers to a COMMIT were lost.</summary>
    public int Cuts { get; private set; }

    /// <summary>Loses the answer to the next COMMIT.</summary>
    public void Arm() => Volatile.Write(ref _cutAt, Volatile.Read(ref _commits) + 1);

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
        using TcpClient server = new();
        using (client)
        {
            await server.ConnectAsync(_server, _stop.Token);
            Task up = CopyAsync(client.GetStream(), server.GetStream(), watch: false);
            Task down = CopyAsync(server.GetStream(), client.GetStream(), watch: true);
            await Task.WhenAny(up, down);
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, bool watch)
    {
        byte[] buffer = new byte[65536];
        try
        {
            for (int read; (read = await from.ReadAsync(buffer, _stop.Token)) > 0;)
            {
                if (watch && buffer.AsSpan(0, read).IndexOf(s_committed) >= 0 && Interlocked.Increment(ref _commits) == Volatile.Read(ref _cutAt))
                {
                    Cuts++;
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
