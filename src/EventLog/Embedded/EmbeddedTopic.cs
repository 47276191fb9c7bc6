using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Metering.EventLog.Embedded;

/// <summary>
/// One topic: a FasterLog, one loop that appends to it, one that applies retention. All partitions share the log, so one fsync makes a group of
/// records of any partitions durable.
/// <para>
/// The loop takes what is queued, copies it into the log, commits, waits, answers, and only then takes the next group. One commit at a time is what
/// lets <see cref="TailScan"/> tell a torn end from damage, and lets a failed group be cut off without a trace.
/// </para>
/// </summary>
internal sealed class EmbeddedTopic : IAsyncDisposable
{
    private readonly string _directory;
    private readonly EmbeddedEventLogOptions _options;
    private readonly TimeProvider _time;
    private readonly IDiskIo _io;
    private readonly ILogger _logger;
    private readonly TopicMeta _meta;
    private readonly byte[] _mark;
    private readonly Channel<PendingAppend> _queue;
    private readonly List<PendingAppend> _group = [];
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CommitSignal _committed = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly LogPosition _durable;
    private readonly LogPosition _next;
    private OpenLog _log;
    private PendingAppend? _unfinished;
    private long _savedEnd;
    private long _failedAt;
    private string? _failure;
    private long _durableEnd;
    private long _begin;
    private Task _appending = Task.CompletedTask;
    private Task _retaining = Task.CompletedTask;
    private volatile bool _closed;

    private EmbeddedTopic(
        TopicSpec spec, string directory, EmbeddedEventLogOptions options, TimeProvider time, IDiskIo io, ILogger logger, TopicMeta meta, byte[] mark, LogPosition end)
    {
        Name = spec.Name;
        Spec = spec;
        _directory = directory;
        _options = options;
        _time = time;
        _io = io;
        _logger = logger;
        _meta = meta;
        _mark = mark;
        _durable = end;
        _next = LogPosition.Start(meta.Partitions);
        end.CopyTo(_next);
        _durableEnd = end.End;
        _begin = end.Begin;
        _log = OpenLog.Open(directory, Name, options, end, io);
        _queue = Channel.CreateBounded<PendingAppend>(new BoundedChannelOptions(options.QueuedBatches) { SingleReader = true });
    }

    public string Name { get; }

    public string Id => _meta.Id;

    public int PartitionCount => _meta.Partitions;

    public uint Seed => _meta.Seed;

    /// <summary>As last opened; its retention applies.</summary>
    public TopicSpec Spec { get; set; }

    public bool IsClosed => _closed;

    public TimeProvider Time => _time;

    public int PageBytes => _meta.PageBytes;

    /// <summary>Everything below is durable.</summary>
    public long DurableEnd => Volatile.Read(ref _durableEnd);

    /// <summary>Everything below was deleted.</summary>
    public long Begin => Volatile.Read(ref _begin);

    public OpenLog Log => Volatile.Read(ref _log);

    /// <exception cref="TopicMismatchException"/>
    /// <exception cref="EventLogCorruptException"/>
    /// <exception cref="EventLogUnavailableException"/>
    public static EmbeddedTopic Open(TopicSpec spec, string directory, EmbeddedEventLogOptions options, TimeProvider time, IDiskIo io, ILogger logger)
    {
        TopicMeta meta = TopicMeta.OpenOrCreate(directory, spec, options);
        byte[] mark = Convert.FromHexString(meta.Id);
        LogPosition position = LogPosition.Load(directory, meta.Partitions) ?? LogPosition.Start(meta.Partitions);
        long checkedUntil = position.End;
        TailScan.MoveToEnd(directory, spec.Name, meta, mark, position);
        SegmentFiles.CutTo(directory, position.Begin, position.End, meta.SegmentBytes, syncFrom: checkedUntil);
        EmbeddedTopic topic = new(spec, directory, options, time, io, logger, meta, mark, position);
        topic.Start(checkedUntil);
        return topic;
    }

    public async ValueTask AppendAsync(AppendBatch batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        CheckPartitions(batch);
        if (batch.Count == 0)
        {
            return;
        }

        PendingAppend append = new(batch);
        try
        {
            await _queue.Writer.WriteAsync(append, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(Name, "The topic is closed.");
        }

        await using (cancellationToken.UnsafeRegister(static (state, token) => ((PendingAppend)state!).Cancel(token), append).ConfigureAwait(false))
        {
            await append.Task.ConfigureAwait(false);
        }
    }

    public OffsetRange Range(int partition)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(partition);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(partition, PartitionCount);
        long begin = Begin;
        long last = Volatile.Read(ref _durable.Last[partition]);
        return last < begin ? new OffsetRange(begin, begin) : new OffsetRange(Math.Max(begin, Volatile.Read(ref _durable.First[partition])), last + 1);
    }

    /// <summary>Completes when there may be more to read than at the time of the call, or the topic was closed.</summary>
    public Task NextCommit() => _committed.Next();

    public async ValueTask DisposeAsync()
    {
        if (_closed)
        {
            return;
        }

        _queue.Writer.Complete();
        await _appending.ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _retaining.ConfigureAwait(false);
        _closed = true;
        SaveRecoveryPoint();
        _log.Dispose();
        _committed.Set();
        _gate.Dispose();
        _stopping.Dispose();
        _logger.TopicClosed(Name, DurableEnd);
    }

    /// <summary>Deletes whole segments that retention allows to go. Public for tests; the topic calls it every so often.</summary>
    public async Task ApplyRetentionAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            long begin = Retention.NewBegin(_directory, _meta, Spec, _durable, _time.GetUtcNow());
            if (begin <= _durable.Begin || _failure is not null)
            {
                return;
            }

            // The new begin is durable before anything is deleted: a crash in between leaves segments that the next start deletes.
            long from = _durable.Begin;
            _durable.Begin = _next.Begin = begin;
            _durable.Save(_directory);
            _savedEnd = _durable.End;
            Volatile.Write(ref _begin, begin);
            _log.DeleteBelow(begin);
            _logger.Truncated(Name, from, begin);
        }
        catch (IOException e)
        {
            _logger.RetentionFailed(e, Name);
        }
        finally
        {
            _gate.Release();
        }
    }

    private void Start(long savedEnd)
    {
        _savedEnd = savedEnd;
        SaveRecoveryPointWhenFar();
        _appending = Task.Run(AppendLoopAsync);
        _retaining = Task.Run(RetentionLoopAsync);
        _logger.TopicOpened(Name, Begin, DurableEnd, PartitionCount, Id);
    }

    private void CheckPartitions(AppendBatch batch)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(batch.Partition(i), PartitionCount, nameof(batch));
        }
    }

    private async Task AppendLoopAsync()
    {
        while (_unfinished is not null || await _queue.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            await _gate.WaitAsync().ConfigureAwait(false);
            try
            {
                await AppendGroupAsync().ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Fail(e); // whatever it was, these records are not durable, and the log is opened anew at what is
            }
            finally
            {
                _gate.Release();
            }
        }
    }

    private async Task AppendGroupAsync()
    {
        if (_failure is not null && !TryReopen())
        {
            RefuseQueued(_failure);
            return;
        }

        FillGroup();
        if (_options.CommitDelay > TimeSpan.Zero && _unfinished is null)
        {
            await Task.Delay(_options.CommitDelay, _time).ConfigureAwait(false);
            FillGroup();
        }

        if (_log.Tail > _durable.End)
        {
            (_next.End, _next.CommitNumber) = await _log.CommitAsync(_mark).ConfigureAwait(false);
            _next.CopyTo(_durable);
            Volatile.Write(ref _durableEnd, _durable.End);
            _committed.Set();
        }

        foreach (PendingAppend append in _group)
        {
            append.Settle(_options.MaxRecordBytes);
        }

        _group.Clear();
        SaveRecoveryPointWhenFar();
    }

    private void FillGroup()
    {
        long limit = _durable.End + _options.CommitBytes;
        while (_unfinished is not null || _queue.Reader.TryRead(out _unfinished))
        {
            PendingAppend append = _unfinished;
            if (_group.Count == 0 || _group[^1] != append)
            {
                _group.Add(append);
            }

            _next.AppendTimeMs = Math.Max(_next.AppendTimeMs, _time.GetUtcNow().ToUnixTimeMilliseconds());
            if (!append.CopyTo(_log, _next, Seed, limit, _options.MaxRecordBytes))
            {
                return;
            }

            _unfinished = null;
        }
    }

    private void Fail(Exception cause)
    {
        cause = _log.WriteFailure ?? cause; // FasterLog only knows that something failed
        _logger.WriteFailed(cause, Name, DurableEnd);
        _failure = string.Create(CultureInfo.InvariantCulture, $"The log cannot write: {cause.Message}");
        _failedAt = _time.GetTimestamp();
        foreach (PendingAppend append in _group)
        {
            append.Refuse(_failure);
        }

        _group.Clear();
        _unfinished = null;
        _committed.Set();
    }

    private void RefuseQueued(string why)
    {
        while (_queue.Reader.TryRead(out PendingAppend? append))
        {
            append.Refuse(why);
        }
    }

    /// <summary>
    /// Cuts the files at what is durable and opens the log there. Cutting also drops the failed pages from the page cache: after a failed fsync the
    /// kernel calls them clean though the disk does not have them. Until then readers go on with the failed log: it can still read.
    /// </summary>
    private bool TryReopen()
    {
        if (_time.GetElapsedTime(_failedAt) < _options.RetryAfterFailure)
        {
            return false;
        }

        try
        {
            SegmentFiles.CutTo(_directory, _durable.Begin, _durable.End, _meta.SegmentBytes, syncFrom: _durable.End - 1);
            _durable.CopyTo(_next);
            OpenLog failed = _log;
            Volatile.Write(ref _log, OpenLog.Open(_directory, Name, _options, _durable, _io));
            failed.Dispose();
            _failure = null;
            _committed.Set();
            _logger.Reopened(Name, DurableEnd);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or EventLogUnavailableException)
        {
            _failedAt = _time.GetTimestamp();
            _logger.ReopenFailed(e, Name);
            return false;
        }
    }

    private void SaveRecoveryPointWhenFar()
    {
        if (_durable.End - _savedEnd >= _options.RecoveryPointBytes)
        {
            SaveRecoveryPoint();
        }
    }

    private void SaveRecoveryPoint()
    {
        if (_durable.End == _savedEnd)
        {
            return;
        }

        try
        {
            _savedEnd = _durable.End; // also when it fails: the next attempt is one distance later
            _durable.Save(_directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _logger.RecoveryPointFailed(e, Name);
        }
    }

    private async Task RetentionLoopAsync()
    {
        using PeriodicTimer timer = new(_options.RetentionInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false))
            {
                await ApplyRetentionAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // closed
        }
    }
}
