using System.Collections.Concurrent;
using Metering.Testing.Kafka.Edge;
using Metering.Testing.Kafka.Wire;

namespace Metering.Testing.Kafka;

/// <summary>One client and its connection to the broker behind: frames go to and fro, stamped, answered at the edge, or lost.</summary>
internal sealed class FrontConnection(Stream client, Stream broker, EdgeConnection edge, AnswerLoss loss) : IDisposable
{
    private readonly ConcurrentDictionary<int, long> _produced = new();

    // Answers of the broker and of the edge; clients match them to requests by number.
    private readonly SemaphoreSlim _writing = new(1);

    /// <summary>Ends when either side does, or when the connection must be closed.</summary>
    public async Task RunAsync() => await await Task.WhenAny(RequestsAsync(), AnswersAsync());

    public void Dispose() => _writing.Dispose();

    private async Task RequestsAsync()
    {
        while (true)
        {
            byte[] request = await Frames.ReadAsync(client);
            if (edge.Answer(request) is not { } own)
            {
                KeepTime(request);
                await broker.WriteAsync(request);
                continue;
            }

            await ToClientAsync(own.Frame);
            if (own.IsLast)
            {
                return;
            }
        }
    }

    private async Task AnswersAsync()
    {
        while (true)
        {
            byte[] answer = await Frames.ReadAsync(broker);
            if (_produced.TryRemove(Frames.AnswerId(answer), out long time))
            {
                ProduceFrames.StampAnswer(answer, time);
                if (loss.Takes())
                {
                    return;
                }
            }

            await ToClientAsync(edge.Complete(answer));
        }
    }

    private async Task ToClientAsync(byte[] answer)
    {
        await _writing.WaitAsync();
        try
        {
            await client.WriteAsync(answer);
        }
        finally
        {
            _writing.Release();
        }
    }

    private void KeepTime(byte[] request)
    {
        if (ProduceFrames.IsProduce(request))
        {
            long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
            _produced[ProduceFrames.RequestId(request)] = now;
            ProduceFrames.StampRequest(request, now);
        }
    }
}
