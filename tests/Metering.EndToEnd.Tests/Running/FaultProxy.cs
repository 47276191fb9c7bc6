using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Metering.EndToEnd.Tests.Running;

/// <summary>A road to a server that can be cut, blocked, slowed, lose the answer to a request that was carried out, or be watched over by an <see cref="Inspection"/>.</summary>
internal sealed class FaultProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, byte> _open = new();
    private readonly IPEndPoint _server;
    private volatile TaskCompletionSource? _blocked;
    private volatile bool _isCut;
    private int _toLose;
    private int _lost;

    public FaultProxy(IPEndPoint server)
    {
        _server = server;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Answers that never arrived.</summary>
    public int AnswersLost => Volatile.Read(ref _lost);

    /// <summary>Added to everything that passes, in both directions.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Asked about everything that passes; null for nobody.</summary>
    public Inspection? Inspection { get; set; }

    /// <summary>Breaks all connections and refuses new ones until <see cref="Mend"/>.</summary>
    public void Cut()
    {
        _isCut = true;
        Break();
    }

    /// <summary>Connections stay open and nothing passes, in either direction, until <see cref="Mend"/>.</summary>
    public void Block() => _blocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Mend()
    {
        _isCut = false;
        Interlocked.Exchange(ref _blocked, null)?.SetResult();
    }

    /// <summary>The next answers are dropped and their connections broken: the request was carried out, and nobody knows.</summary>
    public void LoseAnswers(int count) => Interlocked.Exchange(ref _toLose, count);

    public void Dispose()
    {
        _listener.Dispose();
        Mend();
        Break();
    }

    private void Break()
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
                _ = RelayAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using TcpClient server = new() { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            _open[client] = 0;
            try
            {
                if (!_isCut)
                {
                    await server.ConnectAsync(_server);
                    RequestText request = new();
                    await await Task.WhenAny(CopyAsync(client, server, request, isAnswer: false), CopyAsync(server, client, request, isAnswer: true));
                }
            }
            catch (Exception broken) when (broken is IOException or SocketException or ObjectDisposedException)
            {
                // One side has gone, so the other goes.
            }
            finally
            {
                _open.TryRemove(client, out _);
            }
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, RequestText request, bool isAnswer)
    {
        NetworkStream source = from.GetStream(), target = to.GetStream();
        byte[] buffer = new byte[65536];
        for (int read; (read = await source.ReadAsync(buffer)) > 0;)
        {
            if (Delay > TimeSpan.Zero)
            {
                await Task.Delay(Delay);
            }

            await (_blocked?.Task ?? Task.CompletedTask);
            if (isAnswer && Interlocked.Decrement(ref _toLose) >= 0)
            {
                Interlocked.Increment(ref _lost);
                return;
            }

            Passed passed = new(buffer.AsMemory(0, read));
            if (Inspection is { } inspection)
            {
                request.Note(passed.Bytes.Span, isAnswer);
                passed = await inspection(new Passing(isAnswer, passed.Bytes, request.ToString()));
            }

            await target.WriteAsync(passed.Bytes);
            if (passed.ThenBreak)
            {
                return;
            }
        }
    }
}
