using Grpc.Core;
using Metering.V1;

namespace Metering.LoadGenerator.Discarding;

/// <summary>Acknowledges each message of a stream. The messages are decoded, because the gRPC library does that before anybody is asked.</summary>
internal sealed class DiscardIngest : UsageIngest.UsageIngestBase
{
    public override async Task IngestStream(
        IAsyncStreamReader<IngestStreamRequest> requestStream, IServerStreamWriter<IngestStreamResponse> responseStream, ServerCallContext context)
    {
        await foreach (IngestStreamRequest request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(new IngestStreamResponse { Sequence = request.Sequence, Accepted = (uint)request.Events.Count }, context.CancellationToken);
        }
    }
}
