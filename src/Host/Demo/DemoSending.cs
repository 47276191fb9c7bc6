using System.Buffers;
using Metering.Host.Client;

namespace Metering.Host.Demo;

/// <summary>Several senders that post batches over HTTP and count what is acknowledged.</summary>
internal sealed class DemoSending(EventSender sender)
{
    private const int Senders = 4;
    private const int BatchLines = 1000;

    private long _sent;
    private long _acknowledged;
    private long _refused;

    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Durable, says the server.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    public long Refused => Interlocked.Read(ref _refused);

    public async Task SendAsync(IReadOnlyList<byte[]> lines, CancellationToken cancellationToken)
    {
        ParallelOptions options = new() { MaxDegreeOfParallelism = Senders, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(lines.Chunk(BatchLines), options, async (batch, token) => await SendBatchAsync(batch, token));
    }

    /// <summary>One batch after the other.</summary>
    public async Task SendInOrderAsync(IReadOnlyList<byte[]> lines, CancellationToken cancellationToken)
    {
        foreach (byte[][] batch in lines.Chunk(BatchLines))
        {
            await SendBatchAsync(batch, cancellationToken);
        }
    }

    public async Task CorrectAsync(string path, byte[] body, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _sent);
        SendResult result = await sender.SendAsync(path, "application/json", body, cancellationToken);
        Interlocked.Add(ref _acknowledged, result.Accepted);
    }

    private async Task SendBatchAsync(byte[][] lines, CancellationToken cancellationToken)
    {
        ArrayBufferWriter<byte> body = new(lines.Sum(line => line.Length + 1));
        foreach (byte[] line in lines)
        {
            body.Write(line);
            body.Write("\n"u8);
        }

        Interlocked.Add(ref _sent, lines.Length);
        SendResult result = await sender.SendAsync(body.WrittenMemory, cancellationToken);
        Interlocked.Add(ref _acknowledged, result.Accepted);
        Interlocked.Add(ref _refused, result.Rejected.Count);
    }
}
