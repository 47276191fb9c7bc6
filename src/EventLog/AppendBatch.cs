using System.Buffers;

namespace Metering.EventLog;

/// <summary>
/// Records on their way into a topic, in one pooled buffer, and what became of each. Filled by one thread, appended once, read by one
/// thread, then <see cref="Reset"/> for the next use; nothing is allocated once it is warm. Offset 0 means "no result yet".
/// </summary>
public sealed class AppendBatch : IBufferWriter<byte>, IDisposable
{
    private const int InitialBytes = 64 * 1024;
    private const int InitialRecords = 256;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(InitialBytes);
    private Entry[] _entries = ArrayPool<Entry>.Shared.Rent(InitialRecords);
    private int _written;
    private int _recordStart;

    /// <summary>Complete records in the batch.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of all complete records.</summary>
    public int ByteCount => _recordStart;

    /// <summary>Ends the record whose bytes were written since the last call.</summary>
    /// <returns>Its index.</returns>
    public int EndRecord(int partition)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(partition);
        if (Count == _entries.Length)
        {
            Grow(ref _entries, Count, Count + 1);
        }

        _entries[Count] = new Entry(partition, _recordStart, _written - _recordStart);
        _recordStart = _written;
        return Count++;
    }

    /// <summary>Forgets the bytes written since the last complete record.</summary>
    public void AbandonRecord() => _written = _recordStart;

    public int Partition(int index) => At(index).Partition;

    public ReadOnlyMemory<byte> Value(int index)
    {
        ref Entry entry = ref At(index);
        return _bytes.AsMemory(entry.Start, entry.Length);
    }

    public AppendResult Result(int index) => At(index).Result;

    /// <summary>For implementations of the log: says what became of one record. May be called from any thread, once per record.</summary>
    public void SetResult(int index, AppendResult result) => At(index).Result = result;

    /// <summary>Empties the batch, keeping its memory.</summary>
    public void Reset()
    {
        Array.Clear(_entries, 0, Count);
        Count = 0;
        _written = _recordStart = 0;
    }

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _bytes.Length - _written);
        _written += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureFree(sizeHint);
        return _bytes.AsMemory(_written);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureFree(sizeHint);
        return _bytes.AsSpan(_written);
    }

    public void Dispose()
    {
        byte[] bytes = Interlocked.Exchange(ref _bytes, []);
        Entry[] entries = Interlocked.Exchange(ref _entries, []);
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
            ArrayPool<Entry>.Shared.Return(entries, clearArray: true);
        }
    }

    private ref Entry At(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
        return ref _entries[index];
    }

    private void EnsureFree(int sizeHint)
    {
        int needed = Math.Max(sizeHint, 1);
        if (_bytes.Length - _written < needed)
        {
            Grow(ref _bytes, _written, checked(_written + needed));
        }
    }

    private static void Grow<T>(ref T[] array, int used, int needed)
    {
        T[] larger = ArrayPool<T>.Shared.Rent(Math.Max(needed, array.Length * 2));
        Array.Copy(array, larger, used);
        ArrayPool<T>.Shared.Return(array, clearArray: true);
        array = larger;
    }

    private record struct Entry(int Partition, int Start, int Length)
    {
        public AppendResult Result;
    }
}

/// <summary>What became of one record: where it is, or why it was refused.</summary>
/// <param name="Offset">Above zero when it is durable.</param>
/// <param name="AppendTimeMs">The log's clock at append, milliseconds since 1970-01-01 UTC.</param>
/// <param name="Failure">Why it was refused; null when it is durable.</param>
public readonly record struct AppendResult(long Offset, long AppendTimeMs, string? Failure = null)
{
    public bool IsDurable => Offset > 0 && Failure is null;

    public static AppendResult Refused(string why) => new(0, 0, why);
}
