using System.Buffers;
using Metering.EventLog;

namespace Metering.Aggregator.Flushing;

/// <summary>The records of one flush, copied out of the reader, whose memory is only lent. Reused; nothing is allocated once warm.</summary>
internal sealed class RecordBatch : IDisposable
{
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(1 << 20);
    private Entry[] _entries = new Entry[1024];

    public int Count { get; private set; }

    public int ByteCount { get; private set; }

    public void Add(in LogRecord record)
    {
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, Count * 2);
        }

        if (_bytes.Length - ByteCount < record.Value.Length)
        {
            Grow(record.Value.Length);
        }

        record.Value.Span.CopyTo(_bytes.AsSpan(ByteCount));
        _entries[Count++] = new Entry(record.Partition, record.Offset, record.AppendTimeMs, ByteCount, record.Value.Length);
        ByteCount += record.Value.Length;
    }

    public ref readonly Entry this[int index] => ref _entries[index];

    public ReadOnlySpan<byte> Value(in Entry entry) => _bytes.AsSpan(entry.Start, entry.Length);

    public void Clear() => Count = ByteCount = 0;

    public void Dispose()
    {
        byte[] bytes = Interlocked.Exchange(ref _bytes, []);
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private void Grow(int size)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(ByteCount + size), _bytes.Length * 2));
        _bytes.AsSpan(0, ByteCount).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }

    internal readonly record struct Entry(int Partition, long Offset, long AppendTimeMs, int Start, int Length);
}
