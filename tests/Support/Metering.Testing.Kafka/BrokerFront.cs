using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Metering.Testing.Kafka.Edge;
using Metering.Testing.Kafka.Tls;
using Metering.Testing.Kafka.Wire;

namespace Metering.Testing.Kafka;

/// <summary>
/// Stands between clients and one mock broker and gives it what it lacks. It stamps the append time into batches and into the answers about them, as
/// a broker with <c>message.timestamp.type=LogAppendTime</c> does (the mock keeps the producer's time and answers 1234). It can lose the answer to a
/// request that was carried out. And it has the edge that a broker has: TLS, SASL, the making of topics.
/// </summary>
internal sealed class BrokerFront : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, byte> _open = new();
    private readonly IPEndPoint _broker;
    private readonly BrokerEdge _edge;
    private readonly Func<EdgeConnection> _enter;
    private volatile bool _isDown;

    /// <param name="broker">The mock behind.</param>
    /// <param name="edge">For its certificates.</param>
    /// <param name="enter">Begins a client's stay.</param>
    public BrokerFront(IPEndPoint broker, BrokerEdge edge, Func<EdgeConnection> enter)
    {
        _broker = broker;
        _edge = edge;
        _enter = enter;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public AnswerLoss Loss { get; } = new();

    /// <summary>What clients did that the protocol, or what is simulated of it, does not allow.</summary>
    public ConcurrentQueue<string> Violations { get; } = new();

    /// <summary>Disconnects every client and takes none until it is up again.</summary>
    public bool IsDown
    {
        get => _isDown;
        set
        {
            _isDown = value;
            if (value)
            {
                Disconnect();
            }
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        Disconnect();
    }

    private void Disconnect()
    {
        foreach (TcpClient one in _open.Keys)
        {
            one.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // closed
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient broker = new() { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            _open[client] = 0;
            try
            {
                if (_isDown)
                {
                    return;
                }

                await using Stream entered = await TlsEntrance.EnterAsync(client.GetStream(), _edge);
                await broker.ConnectAsync(_broker);
                using FrontConnection connection = new(entered, broker.GetStream(), _enter(), Loss);
                await RunAsync(connection);
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or AuthenticationException)
            {
                // one side has gone or does not trust the other, so both go
            }
            finally
            {
                _open.TryRemove(client, out _);
            }
        }
    }

    // Noted before the connection is closed: whoever sees it closed can see why.
    private async Task RunAsync(FrontConnection connection)
    {
        try
        {
            await connection.RunAsync();
        }
        catch (WireViolationException violation)
        {
            Violations.Enqueue(violation.Message);
        }
    }
}
