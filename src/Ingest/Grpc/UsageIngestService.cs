using Grpc.Core;
using Metering.Ingest.Authentication;
using Metering.Ingest.Publishing;
using Metering.Ingest.Validation;
using Metering.V1;
using Microsoft.Extensions.Options;

namespace Metering.Ingest.Grpc;

/// <summary>The gRPC service of <c>usage_ingest.proto</c>, which has the contract.</summary>
internal sealed class UsageIngestService(Authenticator authenticator, MessageIntake intake, IOptions<IngestOptions> options)
    : UsageIngest.UsageIngestBase
{
    public override async Task<IngestResponse> Ingest(IngestRequest request, ServerCallContext context)
    {
        Tenant tenant = await AuthenticateAsync(context).ConfigureAwait(false);
        using MessageBatch batch = intake.Take(request.Events, request.CalculateSize(), tenant);
        await batch.StoredAsync().ConfigureAwait(false);
        return ResponseOf(request.Events.Count, batch.Rejections);
    }

    public override async Task IngestStream(
        IAsyncStreamReader<IngestStreamRequest> requestStream, IServerStreamWriter<IngestStreamResponse> responseStream, ServerCallContext context)
    {
        Tenant tenant = await AuthenticateAsync(context).ConfigureAwait(false);
        IngestStreamSession session = new(requestStream, responseStream, intake, tenant, options.Value);
        await session.RunAsync(context.CancellationToken).ConfigureAwait(false);
    }

    private static IngestResponse ResponseOf(int events, IReadOnlyList<Rejection> rejections)
    {
        IngestResponse response = new();
        Accepted accepted = new();
        int next = 0;
        for (int i = 0; i < events; i++)
        {
            bool rejected = next < rejections.Count && rejections[next].Index == i;
            response.Results.Add(rejected
                ? new EventResult { Rejected = RejectedOf(rejections[next++].Problem) }
                : new EventResult { Accepted = accepted });
        }

        return response;
    }

    internal static Rejected RejectedOf(in Problem problem) => new() { Code = problem.Code, Message = problem.Message };

    private async ValueTask<Tenant> AuthenticateAsync(ServerCallContext context)
    {
        AuthenticationResult who = await authenticator
            .AuthenticateAsync(context.GetHttpContext().Request.Headers, context.CancellationToken).ConfigureAwait(false);
        if (who.Tenant is not null)
        {
            return who.Tenant;
        }

        StatusCode status = who.Problem.Code switch
        {
            Codes.KeysUnavailable => StatusCode.Unavailable,
            Codes.InvalidTenant => StatusCode.InvalidArgument,
            _ => StatusCode.Unauthenticated,
        };
        throw new RpcException(new Status(status, $"{who.Problem.Code}: {who.Problem.Message}"));
    }
}
