using System.Buffers;
using Confluent.Kafka;

namespace Metering.EventLog.Kafka;

/// <summary>The values of one read, copied out of the client's memory into chunks that the next read uses again.</summary>
internal sealed class ReadMemory : IDeserializer<ReadOnlyMemory<byte>>, IDisposable
{
    private const int ChunkBytes = 256 * 1024;
    private const int KeptChunks = 16;

    private readonly List<byte[]> _chunks = [];
    private int _chunk;
    private int _used;

    public ReadOnlyMemory<byte> Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context)
    {
        Memory<byte> copy = Take(data.Length);
        data.CopyTo(copy.Span);
        return copy;
    }

    /// <summary>What was given out may be overwritten from now on.</summary>
    public void Clear()
    {
        for (int i = _chunks.Count - 1; i >= KeptChunks; i--)
        {
            ArrayPool<byte>.Shared.Return(_chunks[i]);
            _chunks.RemoveAt(i);
        }

        _chunk = 0;
        _used = 0;
    }

    public void Dispose()
    {
        _chunks.ForEach(static chunk => ArrayPool<byte>.Shared.Return(chunk));
        _chunks.Clear();
    }

    private Memory<byte> Take(int bytes)
    {
        while (_chunk < _chunks.Count && _chunks[_chunk].Length - _used < bytes)
        {
            _chunk++;
            _used = 0;
        }

        if (_chunk == _chunks.Count)
        {
            _chunks.Add(ArrayPool<byte>.Shared.Rent(Math.Max(ChunkBytes, bytes)));
        }

        Memory<byte> taken = _chunks[_chunk].AsMemory(_used, bytes);
        _used += bytes;
        return taken;
    }
}
