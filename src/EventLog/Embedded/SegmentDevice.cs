using System.Collections.Concurrent;
using FASTER.core;
using Microsoft.Win32.SafeHandles;

namespace Metering.EventLog.Embedded;

/// <summary>
/// FasterLog's disk. Differs from FASTER's own devices in what durability needs: a write is reported only after an fsync, and after the folder is
/// synced when the write made the file; writes reach a file in the order they were asked for; the first failure is final, so nothing after a hole
/// is ever reported as written.
/// </summary>
internal sealed class SegmentDevice : StorageDeviceBase
{
    private const uint Failed = 1;
    private const int DiskSectorBytes = 512;

    private readonly string _directory;
    private readonly IDiskIo _io;
    private readonly ConcurrentDictionary<int, SafeFileHandle> _files = new();
    private readonly BlockingCollection<Transfer> _writes = [];
    private readonly BlockingCollection<Transfer> _reads = [];
    private readonly List<Transfer> _group = [];
    private readonly TaskCompletionSource<Exception> _writeFailure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _writer;
    private readonly Thread _reader;
    private Exception? _readFailure;
    private int _disposed;

    public SegmentDevice(string directory, string topic, IDiskIo io)
        : base(Path.Combine(directory, "log"), DiskSectorBytes, capacity: -1)
    {
        _directory = directory;
        _io = io;
        _writer = Start(WriteLoop, $"log write {topic}");
        _reader = Start(ReadLoop, $"log read {topic}");
    }

    /// <summary>Completes with the first write error. FasterLog does not report every failure to the waiting commit, so waiters race with this.</summary>
    public Task<Exception> WriteFailure => _writeFailure.Task;

    /// <summary>The read error since the last call, which FasterLog turns into a message without a cause.</summary>
    public Exception? TakeReadFailure() => Interlocked.Exchange(ref _readFailure, null);

    public override void WriteAsync(
        IntPtr sourceAddress, int segmentId, ulong destinationAddress, uint numBytesToWrite, DeviceIOCompletionCallback callback, object context) =>
        Ask(_writes, new Transfer(sourceAddress, segmentId, (long)destinationAddress, (int)numBytesToWrite, callback, context));

    public override void ReadAsync(
        int segmentId, ulong sourceAddress, IntPtr destinationAddress, uint readLength, DeviceIOCompletionCallback callback, object context) =>
        Ask(_reads, new Transfer(destinationAddress, segmentId, (long)sourceAddress, (int)readLength, callback, context));

    public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result)
    {
        if (_files.TryRemove(segment, out SafeFileHandle? file))
        {
            file.Dispose();
        }

        try
        {
            File.Delete(SegmentFiles.PathOf(_directory, segment));
        }
        catch (IOException)
        {
            // It is below the recovery point's begin: the next start deletes it.
        }

        callback(result);
    }

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _writes.CompleteAdding();
        _reads.CompleteAdding();
        _writer.Join();
        _reader.Join();
        foreach (SafeFileHandle file in _files.Values)
        {
            file.Dispose();
        }
    }

    private static Thread Start(ThreadStart loop, string name)
    {
        Thread thread = new(loop) { IsBackground = true, Name = name };
        thread.Start();
        return thread;
    }

    private static void Ask(BlockingCollection<Transfer> queue, Transfer transfer)
    {
        try
        {
            queue.Add(transfer);
        }
        catch (InvalidOperationException)
        {
            transfer.Complete(Failed); // disposed
        }
    }

    private void WriteLoop()
    {
        foreach (Transfer first in _writes.GetConsumingEnumerable())
        {
            _group.Add(first);
            while (_writes.TryTake(out Transfer next))
            {
                _group.Add(next);
            }

            uint result = WriteGroup();
            foreach (Transfer transfer in _group)
            {
                transfer.Complete(result);
            }

            _group.Clear();
        }
    }

    /// <summary>Writes what is waiting and syncs each file once.</summary>
    private uint WriteGroup()
    {
        if (_writeFailure.Task.IsCompleted)
        {
            return Failed;
        }

        try
        {
            for (int i = 0; i < _group.Count; i++)
            {
                SafeFileHandle file = FileForWrite(_group[i].Segment);
                _io.Write(file, _group[i].Memory, _group[i].Offset);
                if (i + 1 == _group.Count || _group[i + 1].Segment != _group[i].Segment)
                {
                    _io.Flush(file);
                }
            }

            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            _writeFailure.TrySetResult(e);
            return Failed;
        }
    }

    private SafeFileHandle FileForWrite(int segment)
    {
        if (_files.TryGetValue(segment, out SafeFileHandle? file))
        {
            return file;
        }

        string path = SegmentFiles.PathOf(_directory, segment);
        bool isNew = !File.Exists(path);
        file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        if (isNew)
        {
            DurableFile.SyncDirectory(_directory);
        }

        return Keep(segment, file);
    }

    private void ReadLoop()
    {
        foreach (Transfer transfer in _reads.GetConsumingEnumerable())
        {
            transfer.Complete(Read(transfer));
        }
    }

    private uint Read(Transfer transfer)
    {
        try
        {
            Span<byte> destination = transfer.Memory;
            SafeFileHandle? file = FileForRead(transfer.Segment);
            int length = file is null ? 0 : ReadFully(file, destination, transfer.Offset);
            destination[length..].Clear(); // beyond the end of the log
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            Volatile.Write(ref _readFailure, e);
            return Failed;
        }
    }

    private SafeFileHandle? FileForRead(int segment)
    {
        if (_files.TryGetValue(segment, out SafeFileHandle? file))
        {
            return file;
        }

        string path = SegmentFiles.PathOf(_directory, segment);
        return File.Exists(path)
            ? Keep(segment, File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))
            : null;
    }

    private SafeFileHandle Keep(int segment, SafeFileHandle opened)
    {
        SafeFileHandle kept = _files.GetOrAdd(segment, opened);
        if (kept != opened)
        {
            opened.Dispose();
        }

        return kept;
    }

    private static int ReadFully(SafeFileHandle file, Span<byte> destination, long offset)
    {
        int length = 0;
        int read;
        do
        {
            read = RandomAccess.Read(file, destination[length..], offset + length);
            length += read;
        }
        while (read > 0 && length < destination.Length);
        return length;
    }

    private readonly record struct Transfer(nint Address, int Segment, long Offset, int Length, DeviceIOCompletionCallback Callback, object Context)
    {
        // FASTER keeps the memory pinned until the callback.
        public unsafe Span<byte> Memory => new((void*)Address, Length);

        public void Complete(uint result) => Callback(result, result == 0 ? (uint)Length : 0, Context);
    }
}
