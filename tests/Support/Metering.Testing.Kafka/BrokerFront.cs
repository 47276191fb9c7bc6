using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Metering.Testing.Kafka;

/// <summary>
/// Stands between clients and one mock broker and gives it two things it lacks. It stamps the append time into batches and into the answers about
/// them, as a broker with <c>message.timestamp.type=LogAppendTime</c> does (the mock keeps the producer's time and answers 1234). And it can lose the
/// answer to a request that was carried out.
/// </summary>
internal sealed class BrokerFront : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, byte> _open = new();
    private readonly IPEndPoint _broker;
    private int _toLose;
    private int _lost;
    private volatile bool _isDown;

    public BrokerFront(IPEndPoint broker)
    {
        _broker = broker;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int AnswersLost => Volatile.Read(ref _lost);

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

    public void LoseAnswers(int count) => Interlocked.Add(ref _toLose, count);

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

                await broker.ConnectAsync(_broker);
                ConcurrentDictionary<int, long> produced = new();
                Task requests = CopyAsync(client, broker, frame => KeepTime(frame, produced));
                Task answers = CopyAsync(broker, client, frame => Answer(frame, produced));
                await await Task.WhenAny(requests, answers);
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
                // one side has gone, so the other goes
            }
            finally
            {
                _open.TryRemove(client, out _);
            }
        }
    }

    private static async Task CopyAsync(TcpClient from, TcpClient to, Func<byte[], bool> pass)
    {
        NetworkStream source = from.GetStream(), target = to.GetStream();
        byte[] length = new byte[4];
        while (true)
        {
            await source.ReadExactlyAsync(length);
            byte[] frame = new byte[4 + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(length)];
            length.CopyTo(frame, 0);
            await source.ReadExactlyAsync(frame.AsMemory(4));
            if (!pass(frame))
            {
                return;
            }

            await target.WriteAsync(frame);
        }
    }

    private static bool KeepTime(byte[] frame, ConcurrentDictionary<int, long> produced)
    {
        if (ProduceFrames.IsProduce(frame))
        {
            long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
            produced[ProduceFrames.RequestId(frame)] = now;
            ProduceFrames.StampRequest(frame, now);
        }

        return true;
    }

    private bool Answer(byte[] frame, ConcurrentDictionary<int, long> produced)
    {
        if (!produced.TryRemove(ProduceFrames.AnswerId(frame), out long time))
        {
            return true;
        }

        ProduceFrames.StampAnswer(frame, time);
        if (Interlocked.Decrement(ref _toLose) >= 0)
        {
            Interlocked.Increment(ref _lost);
            return false;
        }

        Interlocked.Increment(ref _toLose);
        return true;
    }
}
