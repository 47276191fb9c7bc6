using System.Net;
using System.Net.Sockets;
using Metering.Storage.Postgres;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Testing;

/// <summary>Where a session with PostgreSQL ends.</summary>
public enum Cut
{
    /// <summary>The request never arrives.</summary>
    BeforeRequest,

    /// <summary>It is carried out, COMMIT too, and whoever asked never hears of it.</summary>
    BeforeAnswer,

    /// <summary>The server ends the session when the request arrives, and says so.</summary>
    SessionEnded,
}

/// <summary>
/// A road to PostgreSQL that breaks once, at the n-th request since it was armed. A request is all that one session sends before it is answered, so the n-th of the same work
/// is the same one each time, as long as one session does it.
/// </summary>
internal sealed class CutRoad : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly NpgsqlConnectionStringBuilder _server;
    private readonly NpgsqlDataSource _past;
    private readonly Lock _lock = new();
    private Cut _cut;
    private int _at;
    private int _requests;
    private bool _hasCut;

    /// <param name="connection">Of the database that it leads to.</param>
    public CutRoad(string connection)
    {
        _server = new NpgsqlConnectionStringBuilder(connection);
        _past = NpgsqlDataSource.Create(connection);
        _listener.Start();
        Database = new PostgresDatabase(new NpgsqlConnectionStringBuilder(connection)
        {
            Host = "127.0.0.1",
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
            SslMode = SslMode.Disable,
            GssEncryptionMode = GssEncryptionMode.Disable,
            MaxPoolSize = 20,
        }.ConnectionString);
        _ = AcceptAsync();
    }

    /// <summary>The database, by this road.</summary>
    public PostgresDatabase Database { get; }

    /// <summary>Does some work, of which the n-th request, counted from 1, is the last one of its session. Returns when the server has undone what that session had begun.</summary>
    /// <returns>Whether there were so many. Whoever did the work knows of it unless nothing was left to do but to undo nothing.</returns>
    public async Task<bool> DiesAsync(Cut cut, int at, Func<Task> work)
    {
        Arm(cut, at);
        Exception? death = await Record.ExceptionAsync(work);
        Arm(cut, at: 0);
        await UndoneAsync();
        Assert.True(death is null or NpgsqlException, death?.ToString());
        Assert.True(death is null || _hasCut, death?.ToString());
        return _hasCut;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await Database.DisposeAsync();
        await _past.DisposeAsync();
        _stop.Dispose();
    }

    private void Arm(Cut cut, int at)
    {
        lock (_lock)
        {
            _hasCut &= at == 0;
            (_cut, _at, _requests) = (cut, at, 0);
        }
    }

    private async Task UndoneAsync()
    {
        await using NpgsqlCommand open = _past.CreateCommand(
            """
            select count(*) from pg_stat_activity
            where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid() and (xact_start is not null or state = 'active')
            """);
        while (await open.ExecuteScalarAsync(_stop.Token) is not 0L)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), _stop.Token);
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
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
            try
            {
                await server.ConnectAsync(_server.Host!, _server.Port, _stop.Token);
                Session session = new(((IPEndPoint)server.Client.LocalEndPoint!).Port);
                await await Task.WhenAny(RequestsAsync(session, client.GetStream(), server.GetStream()), AnswersAsync(session, server.GetStream(), client.GetStream()));
            }
            catch (Exception gone) when (gone is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // One side has gone, so the other goes.
            }
        }
    }

    private async Task RequestsAsync(Session session, NetworkStream from, NetworkStream to)
    {
        byte[] buffer = new byte[1 << 20];
        for (int read; (read = await from.ReadAsync(buffer, _stop.Token)) > 0;)
        {
            Cut? cut = Begins(session);
            if (cut is Cut.BeforeRequest)
            {
                return;
            }

            if (cut is Cut.SessionEnded)
            {
                await EndAsync(session);
            }

            await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }

    private async Task AnswersAsync(Session session, NetworkStream from, NetworkStream to)
    {
        byte[] buffer = new byte[1 << 20];
        for (int read; (read = await from.ReadAsync(buffer, _stop.Token)) > 0;)
        {
            if (IsLost(session))
            {
                return;
            }

            await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }

    /// <summary>What becomes of the request that these bytes begin or go on with; null for nothing, or only of its answer.</summary>
    private Cut? Begins(Session session)
    {
        lock (_lock)
        {
            bool begins = session.IsAnswered;
            session.IsAnswered = false;
            if (_at == 0 || _hasCut || !begins || ++_requests != _at)
            {
                return null;
            }

            _hasCut = true;
            session.LosesAnswer = _cut == Cut.BeforeAnswer;
            return _cut;
        }
    }

    private bool IsLost(Session session)
    {
        lock (_lock)
        {
            session.IsAnswered = true;
            return session.LosesAnswer;
        }
    }

    private async Task EndAsync(Session session)
    {
        await using NpgsqlCommand end = _past.Command("select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database() and client_port = $1", session.Port);
        Assert.Equal(true, await end.ExecuteScalarAsync(_stop.Token));
    }

    /// <param name="port">By which the server knows it.</param>
    private sealed class Session(int port)
    {
        public int Port => port;

        public bool IsAnswered { get; set; } = true;

        public bool LosesAnswer { get; set; }
    }
}
