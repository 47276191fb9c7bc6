using Metering.Embedded.ClickHouse.Native;

namespace Metering.Embedded.ClickHouse.Http;

/// <summary>Connections that outlive a request because its `session_id` asks for it: temporary tables and SET live there.</summary>
internal sealed class SessionTable(ChdbEngine engine, TimeProvider time) : IDisposable
{
    private const int MaxSessions = 100;
    private readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    public Session Enter(RequestOptions options)
    {
        string id = options.SessionId!;
        lock (_gate)
        {
            CloseExpired_NeedsLock();
            if (!_sessions.TryGetValue(id, out Session? session))
            {
                session = Create_NeedsLock(options);
                _sessions.Add(id, session);
            }

            if (session.Busy)
            {
                throw new ClickHouseException(ErrorCode.SessionIsLocked, $"Session {id} is locked by a concurrent client", "SESSION_IS_LOCKED");
            }

            session.Busy = true;
            session.Timeout = options.SessionTimeout;
            return session;
        }
    }

    public void Leave(Session session)
    {
        lock (_gate)
        {
            session.Busy = false;
            session.LastUsed = time.GetTimestamp();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (Session session in _sessions.Values)
            {
                session.Connection.Dispose();
            }

            _sessions.Clear();
        }
    }

    private Session Create_NeedsLock(RequestOptions options) =>
        options.SessionMustExist
            ? throw new ClickHouseException(ErrorCode.SessionNotFound, $"Session {options.SessionId} not found", "SESSION_NOT_FOUND")
            : _sessions.Count >= MaxSessions
            ? throw new ClickHouseException(ErrorCode.TooManySimultaneousQueries, $"Too many sessions. Maximum: {MaxSessions}", "TOO_MANY_SIMULTANEOUS_QUERIES")
            : new Session(engine.Connect());

    private void CloseExpired_NeedsLock()
    {
        foreach ((string id, Session session) in _sessions.Where(item => !item.Value.Busy && time.GetElapsedTime(item.Value.LastUsed) > item.Value.Timeout).ToList())
        {
            session.Connection.Dispose();
            _sessions.Remove(id);
        }
    }

    internal sealed class Session(ChdbConnection connection)
    {
        public ChdbConnection Connection { get; } = connection;

        public bool Busy { get; set; }

        public long LastUsed { get; set; }

        public TimeSpan Timeout { get; set; }
    }
}
