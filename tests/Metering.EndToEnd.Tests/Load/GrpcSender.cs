using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Metering.V1;
using Xunit;

namespace Metering.EndToEnd.Tests.Load;

/// <summary>One stream after another; what a broken stream leaves unacknowledged goes first on the next.</summary>
internal sealed class GrpcSender(Func<string> address, SentRecords records, EventMaker maker, string source, TimeSpan pause)
{
    private readonly Queue<(ulong Sequence, Batch Batch)> _waiting = [];
    private ulong _sequence;

    /// <summary>Streams that broke, and attempts to open one while the server was down.</summary>
    public int Broken { get; private set; }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using GrpcChannel channel = GrpcChannel.ForAddress(address());
                await StreamAsync(new UsageIngest.UsageIngestClient(channel), stop);
            }
            catch (Exception broken) when (broken is RpcException or InvalidOperationException or IOException)
            {
                Broken++;
                await Task.Delay(50, CancellationToken.None);
            }
        }
    }

    private async Task StreamAsync(UsageIngest.UsageIngestClient client, CancellationToken stop)
    {
        using AsyncDuplexStreamingCall<IngestStreamRequest, IngestStreamResponse> stream = client.IngestStream(cancellationToken: CancellationToken.None);
        (ulong Sequence, Batch Batch)[] again;
        lock (_waiting)
        {
            again = [.. _waiting];
        }

        Task acknowledgements = ReadAsync(stream.ResponseStream);
        foreach ((ulong sequence, Batch batch) in again)
        {
            await stream.RequestStream.WriteAsync(Message(sequence, batch), CancellationToken.None);
        }

        while (!stop.IsCancellationRequested && !acknowledgements.IsCompleted)
        {
            Batch batch = maker.Events(30, DateTimeOffset.UtcNow);
            records.Sending(batch.Names);
            lock (_waiting)
            {
                _waiting.Enqueue((++_sequence, batch));
            }

            await stream.RequestStream.WriteAsync(Message(_sequence, batch), CancellationToken.None);
            await Task.Delay(pause, CancellationToken.None);
        }

        await stream.RequestStream.CompleteAsync();
        await acknowledgements;
    }

    private async Task ReadAsync(IAsyncStreamReader<IngestStreamResponse> responses)
    {
        await foreach (IngestStreamResponse response in responses.ReadAllAsync())
        {
            Assert.Empty(response.Rejections);
            lock (_waiting)
            {
                while (_waiting.TryPeek(out (ulong Sequence, Batch Batch) next) && next.Sequence <= response.Sequence)
                {
                    records.Acknowledge(_waiting.Dequeue().Batch.Names);
                }
            }
        }
    }

    private IngestStreamRequest Message(ulong sequence, Batch batch)
    {
        IngestStreamRequest message = new() { Sequence = sequence };
        message.Events.AddRange(batch.Events.Select(one => new UsageEvent
        {
            Id = one.Id,
            Source = source,
            Type = MadeEvent.Type,
            Subject = one.Subject,
            Time = Timestamp.FromDateTimeOffset(DateTimeOffset.Parse(one.Time, CultureInfo.InvariantCulture)),
            DataJson = ByteString.CopyFromUtf8(one.Data),
        }));
        return message;
    }
}
