using FASTER.core;

namespace Metering.EventLog.Embedded;

/// <summary>
/// FasterLog on its device, opened at a known end. It cannot go on after a failed write, so a topic may use several of these in its life; readers
/// of an older one see that <see cref="IsAbandoned"/> and move to the next.
/// </summary>
internal sealed class OpenLog : IDisposable
{
    private readonly SegmentDevice _device;
    private readonly FasterLog _log;
    private volatile bool _abandoned;

    private OpenLog(SegmentDevice device, FasterLog log)
    {
        _device = device;
        _log = log;
    }

    public bool IsAbandoned => _abandoned;

    /// <summary>The read error since the last call, if any.</summary>
    public Exception? TakeReadFailure() => _device.TakeReadFailure();

    public Exception? WriteFailure => _device.WriteFailure.IsCompleted ? _device.WriteFailure.Result : null;

    public long Tail => _log.TailAddress;

    public long CommittedUntil => _log.CommittedUntilAddress;

    public static OpenLog Open(string directory, string topic, EmbeddedEventLogOptions options, LogPosition position, IDiskIo io)
    {
        SegmentDevice device = new(directory, topic, io);
        FasterLog log = new(new FasterLogSettings
        {
            LogDevice = device,
            LogCommitManager = new FixedCommit(position),
            LogChecksum = LogChecksumType.PerEntry,
            FastCommitMode = true,
            TryRecoverLatest = false,
            PageSize = options.PageBytes,
            MemorySize = options.BufferBytes,
            SegmentSize = options.SegmentBytes,
        });
        OpenLog open = new(device, log);
        try
        {
            // Not Initialize(): it does not load the last page, and the next flush would write zeros over the start of the last sector.
            log.Recover();
            open.CheckEnd(topic, position);
            return open;
        }
        catch
        {
            open.Dispose();
            throw;
        }
    }

    /// <summary>Copies an entry into the buffer. The caller keeps what is not committed within the buffer, so this never waits for the disk.</summary>
    public long Enqueue(LogEntry entry)
    {
        long offset;
        SpinWait spin = default;
        while (!_log.TryEnqueue(entry, out offset))
        {
            ThrowIfFailed();
            spin.SpinOnce(sleep1Threshold: -1);
        }

        return offset;
    }

    /// <summary>Makes everything enqueued durable.</summary>
    /// <param name="mark">Stored in the commit record, which then cannot be mistaken for bytes of a value.</param>
    public async Task<(long End, long Number)> CommitAsync(byte[] mark)
    {
        ThrowIfFailed();
        Task<(bool Success, long End, long Number)> commit = _log.CommitStronglyAsync(mark).AsTask();
        if (await Task.WhenAny(commit, _device.WriteFailure).ConfigureAwait(false) != commit)
        {
            _ = commit.ContinueWith(static t => _ = t.Exception, TaskScheduler.Default);
            ThrowIfFailed();
        }

        (bool success, long end, long number) = await commit.ConfigureAwait(false);
        return success ? (end, number) : throw new IOException("FasterLog refused a commit.");
    }

    public FasterLogScanIterator Scan(long from) => _log.Scan(from, long.MaxValue, name: null, recover: false);

    /// <summary>Forgets and deletes the segments below. The caller has made the new begin durable.</summary>
    public void DeleteBelow(long begin) => _log.UnsafeShiftBeginAddress(begin, snapToPageStart: false, truncateLog: true);

    public void Dispose()
    {
        _abandoned = true;
        _device.Dispose();
        _log.Dispose();
    }

    private void ThrowIfFailed()
    {
        if (_device.WriteFailure.IsCompleted)
        {
            Exception cause = _device.WriteFailure.Result;
            throw new IOException(cause.Message, cause);
        }
    }

    private void CheckEnd(string topic, LogPosition position)
    {
        if (_log.CommittedUntilAddress != position.End || _log.TailAddress != position.End || _log.BeginAddress != position.Begin)
        {
            throw new EventLogUnavailableException(
                $"Topic '{topic}' opened as [{_log.BeginAddress}, {_log.TailAddress}) instead of [{position.Begin}, {position.End}).",
                TakeReadFailure());
        }
    }
}
