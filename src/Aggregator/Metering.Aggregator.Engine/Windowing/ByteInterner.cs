using System.IO.Hashing;
using System.Numerics;

namespace Metering.Aggregator.Engine.Windowing;

/// <summary>Byte strings to small dense numbers, for the time of one flush. Nothing is allocated once it is warm.</summary>
internal sealed class ByteInterner
{
    private int[] _buckets = new int[64];
    private Entry[] _entries = new Entry[64];
    private byte[] _bytes = new byte[4096];
    private int _used;

    public int Count { get; private set; }

    public ReadOnlySpan<byte> this[int id] => _bytes.AsSpan(_entries[id].Start, _entries[id].Length);

    public int Intern(ReadOnlySpan<byte> value)
    {
        uint hash = (uint)XxHash3.HashToUInt64(value);
        for (int next = _buckets[hash & (uint)(_buckets.Length - 1)] - 1; next >= 0; next = _entries[next].Next)
        {
            if (_entries[next].Hash == hash && this[next].SequenceEqual(value))
            {
                return next;
            }
        }

        return Add(value, hash);
    }

    public void Clear()
    {
        Array.Clear(_buckets);
        Count = _used = 0;
    }

    private int Add(ReadOnlySpan<byte> value, uint hash)
    {
        if (Count == _entries.Length)
        {
            Grow();
        }

        if (_bytes.Length - _used < value.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, checked(_used + value.Length)));
        }

        value.CopyTo(_bytes.AsSpan(_used));
        _entries[Count] = new Entry { Hash = hash, Start = _used, Length = value.Length };
        _used += value.Length;
        Link(Count);
        return Count++;
    }

    private void Grow()
    {
        Array.Resize(ref _entries, _entries.Length * 2);
        _buckets = new int[BitOperations.RoundUpToPowerOf2((uint)_entries.Length)];
        for (int id = 0; id < Count; id++)
        {
            Link(id);
        }
    }

    private void Link(int id)
    {
        ref int bucket = ref _buckets[_entries[id].Hash & (uint)(_buckets.Length - 1)];
        _entries[id].Next = bucket - 1;
        bucket = id + 1;
    }

    private struct Entry
    {
        public uint Hash;
        public int Start;
        public int Length;
        public int Next;
    }
}
