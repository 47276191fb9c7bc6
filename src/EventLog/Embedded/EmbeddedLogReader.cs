using System.Buffers;
using FASTER.core;

namespace Metering.EventLog.Embedded;

/// <summary>
/// Scans the topic's log once for all its partitions. Values are copied out of the log into chunks that belong to the reader and are used again by
/// the next read.
/// </summary>
internal sealed class EmbeddedLogReader : ILogReader, ILogEntryConsumer
{
    private const int ChunkBytes = 256 * 1024;
    private const int KeptChunks = 16;
    private const int NotRead = -1;

    private readonly EmbeddedTopic _topic;
    private readonly long[] _from;
    private readonly List<LogRecord> _records = [];
    private readonly List<byte[]> _chunks = [];
    private OpenLog? _log;
    private FasterLogScanIterator? _scan;
    private LogRecord? _held;
    private byte[] _heldBytes = [];
    private long _position;
    private long _sequence = NotRead;
    private long _damagedAt = NotRead;
    private int _chunk;
    private int _chunkUsed;
    private int _bytes;
    private int _maxRecords;
    private int _maxBytes;
    private long _end;
    private bool _full;
    private bool _disposed;

    public EmbeddedLogReader(EmbeddedTopic topic, IReadOnlyList<PartitionOffset> from)
    {
        _topic = topic;
        _from = new long[topic.PartitionCount];
        Array.Fill(_from, long.MaxValue);
        _position = topic.DurableEnd;
        foreach (PartitionOffset start in from)
        {
            CheckStart(start);
            _from[start.Partition] = start.Offset;
            _position = Math.Min(_position, Math.Max(start.Offset, topic.Begin));
        }
    }

    public async ValueTask<IReadOnlyList<LogRecord>> ReadAsync(int maxRecords, int maxBytes, TimeSpan maxWait, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRecords, 1);
        long started = _topic.Time.GetTimestamp();
        Clear();
        (_maxRecords, _maxBytes) = (maxRecords, maxBytes);
        while (true)
        {
            Task more = _topic.NextCommit();
            ObjectDisposedException.ThrowIf(_disposed || _topic.IsClosed, this);
            cancellationToken.ThrowIfCancellationRequested();
            Fill(cancellationToken);
            TimeSpan left = maxWait - _topic.Time.GetElapsedTime(started);
            if (_records.Count > 0 || left <= TimeSpan.Zero)
            {
                return _records;
            }

            await more.WaitAsync(left, _topic.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public ValueTask DisposeAsync()
    {
        if (!_disposed)
        {
            _disposed = true;
            CloseScan();
            Clear();
            _chunks.ForEach(static chunk => ArrayPool<byte>.Shared.Return(chunk));
            _chunks.Clear();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Called by FasterLog within its protection, so it must neither wait nor throw: what it finds wrong is looked at afterwards.</summary>
    void ILogEntryConsumer.Consume(ReadOnlySpan<byte> entry, long currentAddress, long nextAddress)
    {
        if (!LogEntry.IsIntact(entry, _topic.Seed) || (_sequence != NotRead && LogEntry.Sequence(entry) != _sequence + 1))
        {
            _damagedAt = currentAddress;
            return;
        }

        _sequence = LogEntry.Sequence(entry);
        int partition = LogEntry.Partition(entry);
        if (currentAddress >= _position && currentAddress >= _from[partition])
        {
            Take(new LogRecord(partition, currentAddress, LogEntry.AppendTimeMs(entry), default), entry[LogEntry.HeaderBytes..]);
        }

        _position = Math.Max(_position, nextAddress);
    }

    private void CheckStart(PartitionOffset start)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start.Partition);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(start.Partition, _topic.PartitionCount);
        ArgumentOutOfRangeException.ThrowIfNegative(start.Offset);
        if (start.Offset > 0 && start.Offset < _topic.Begin && _topic.Begin > LogPosition.FirstAddress)
        {
            throw OutOfRange(start.Offset);
        }
    }

    private OffsetOutOfRangeException OutOfRange(long offset) =>
        new($"Topic '{_topic.Name}' no longer has offset {offset}: retention has deleted everything below {_topic.Begin}.");

    private void Fill(CancellationToken cancellationToken)
    {
        _end = _topic.DurableEnd;
        if (!ReleaseHeld())
        {
            return;
        }

        while (!_full && _position < _end)
        {
            if (_log is null || _log.IsAbandoned)
            {
                OpenScan();
            }

            if (_position < _topic.Begin)
            {
                _ = Recover(null);
                return;
            }

            if (!ConsumeOne())
            {
                return;
            }

            if ((_sequence & 0xFFF) == 0 && _records.Count == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <returns>Whether there may be more.</returns>
    private bool ConsumeOne()
    {
        bool consumed;
        try
        {
            consumed = _scan!.TryConsumeNext(this);
        }
        catch (Exception e) when (e is FasterException or ObjectDisposedException)
        {
            return Recover(e);
        }

        if (_damagedAt != NotRead)
        {
            return Recover(null);
        }

        if (!consumed)
        {
            CheckEnd();
        }

        return consumed;
    }

    /// <summary>
    /// FasterLog goes on after an error at a later place; we go back, and say what happened when going back is no help. Records that were read before
    /// it are given first: the next read comes here again with none.
    /// </summary>
    /// <returns>False: this read is over.</returns>
    private bool Recover(Exception? error)
    {
        OpenLog log = _log!;
        long damagedAt = Math.Max(_damagedAt, _position);
        CloseScan();
        if (log.IsAbandoned || _records.Count > 0)
        {
            return false;
        }

        if (_position < _topic.Begin)
        {
            throw OutOfRange(_position);
        }

        if (log.TakeReadFailure() is { } cause)
        {
            throw new EventLogUnavailableException($"Topic '{_topic.Name}' cannot be read at offset {_position}: {cause.Message}", cause);
        }

        throw new EventLogCorruptException(_topic.Name, damagedAt, error?.Message ?? "an entry is unreadable, or entries before it are missing.");
    }

    /// <summary>A zeroed length sends FasterLog to the next page; at the end of the log that looks like having read everything.</summary>
    private void CheckEnd()
    {
        if (_scan!.NextAddress > _log!.CommittedUntil)
        {
            _ = Recover(null);
        }
    }

    private void OpenScan()
    {
        CloseScan();
        // Pages begin with an entry; an offset may be anywhere.
        long page = _position / _topic.PageBytes * _topic.PageBytes;
        while (_scan is null)
        {
            ObjectDisposedException.ThrowIf(_topic.IsClosed, _topic);
            _log = _topic.Log;
            try
            {
                _scan = _log.Scan(Math.Max(page, _topic.Begin));
            }
            catch (FasterException) when (_log.IsAbandoned)
            {
                // replaced between the two lines above
            }
        }
    }

    private void CloseScan()
    {
        _scan?.Dispose();
        _scan = null;
        _log = null;
        _sequence = NotRead;
        _damagedAt = NotRead;
    }

    private void Take(LogRecord record, ReadOnlySpan<byte> value)
    {
        bool fits = _records.Count == 0 || (_records.Count < _maxRecords && _bytes + value.Length <= _maxBytes);
        if (!fits || record.Offset >= _end)
        {
            Hold(record, value);
            return;
        }

        Add(record, value);
    }

    /// <summary>FasterLog cannot be asked what comes next without taking it, so what does not fit waits here for the next read.</summary>
    private void Hold(LogRecord record, ReadOnlySpan<byte> value)
    {
        if (_heldBytes.Length < value.Length)
        {
            _heldBytes = new byte[value.Length];
        }

        value.CopyTo(_heldBytes);
        _held = record with { Value = _heldBytes.AsMemory(0, value.Length) };
        _full = true;
    }

    private bool ReleaseHeld()
    {
        if (_held is not { } held)
        {
            return true;
        }

        if (held.Offset >= _end)
        {
            return false;
        }

        _held = null;
        _full = false;
        Add(held, held.Value.Span);
        return true;
    }

    private void Add(LogRecord record, ReadOnlySpan<byte> value)
    {
        Memory<byte> copy = Room(value.Length);
        value.CopyTo(copy.Span);
        _records.Add(record with { Value = copy });
        _bytes += value.Length;
        _full = _records.Count >= _maxRecords || _bytes >= _maxBytes;
    }

    private Memory<byte> Room(int length)
    {
        while (_chunk < _chunks.Count && _chunks[_chunk].Length - _chunkUsed < length)
        {
            _chunk++;
            _chunkUsed = 0;
        }

        if (_chunk == _chunks.Count)
        {
            _chunks.Add(ArrayPool<byte>.Shared.Rent(Math.Max(ChunkBytes, length)));
        }

        Memory<byte> room = _chunks[_chunk].AsMemory(_chunkUsed, length);
        _chunkUsed += length;
        return room;
    }

    private void Clear()
    {
        _records.Clear();
        (_bytes, _chunk, _chunkUsed) = (0, 0, 0);
        _full = false;
        for (int i = _chunks.Count - 1; i >= KeptChunks; i--)
        {
            ArrayPool<byte>.Shared.Return(_chunks[i]);
            _chunks.RemoveAt(i);
        }
    }
}
