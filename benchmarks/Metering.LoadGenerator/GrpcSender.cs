using System.Buffers;
using Grpc.Core;
using Grpc.Net.Client;
using Metering.V1;

namespace Metering.LoadGenerator;

/// <summary>One stream of prepared bytes; as many messages on their way as the server's window has room for.</summary>
internal sealed class GrpcSender : ISender
{
    private const int Window = 16;

    private static readonly Method<Message, IngestStreamResponse> s_method = new(
        MethodType.DuplexStreaming,
        "metering.v1.UsageIngest",
        "IngestStream",
        Marshallers.Create<Message>((message, context) => message.Write(context), _ => throw new NotSupportedException()),
        Marshallers.Create((IngestStreamResponse _, SerializationContext _) => throw new NotSupportedException(), context => IngestStreamResponse.Parser.ParseFrom(context.PayloadAsReadOnlySequence())));

    private readonly GrpcChannel _channel;
    private readonly AsyncDuplexStreamingCall<Message, IngestStreamResponse> _call;
    private readonly EventTemplate _batch;
    private readonly SemaphoreSlim _room = new(Window);
    private readonly Task _reading;
    private ulong _sequence;

    public GrpcSender(Uri url, EventTemplate batch)
    {
        _batch = batch;
        _channel = GrpcChannel.ForAddress(url);
        _call = _channel.CreateCallInvoker().AsyncDuplexStreamingCall(s_method, null, new CallOptions(headers: new Metadata { { "x-metering-tenant", LoadOptions.Tenant } }));
        _reading = ReadAsync();
    }

    public async Task SendAsync(long firstId, CancellationToken cancellationToken)
    {
        await _room.WaitAsync(cancellationToken);
        _batch.Number(firstId);
        await _call.RequestStream.WriteAsync(new Message(++_sequence, _batch), cancellationToken);
    }

    public async Task FinishAsync()
    {
        await _call.RequestStream.CompleteAsync();
        await _reading;
    }

    public async ValueTask DisposeAsync()
    {
        _call.Dispose();
        await _channel.ShutdownAsync();
        _channel.Dispose();
        _room.Dispose();
    }

    private async Task ReadAsync()
    {
        ulong acknowledged = 0;
        await foreach (IngestStreamResponse response in _call.ResponseStream.ReadAllAsync())
        {
            if (response.Rejections.Count > 0)
            {
                throw new IOException(response.Rejections[0].Rejected.Message);
            }

            if (response.Sequence > acknowledged)
            {
                _room.Release((int)(response.Sequence - acknowledged));
                acknowledged = response.Sequence;
            }
        }
    }

    private sealed class Message(ulong sequence, EventTemplate events)
    {
        private const byte SequenceTag = 8;
        private const int MaxVarint = 10;

        public void Write(SerializationContext context)
        {
            Span<byte> head = stackalloc byte[1 + MaxVarint];
            int length = 0;
            head[length++] = SequenceTag;
            ulong left = sequence;
            for (; left >= 0x80; left >>= 7)
            {
                head[length++] = (byte)(left | 0x80);
            }

            head[length++] = (byte)left;
            context.SetPayloadLength(length + events.Bytes.Length);
            IBufferWriter<byte> writer = context.GetBufferWriter();
            writer.Write(head[..length]);
            writer.Write(events.Bytes);
            context.Complete();
        }
    }
}
