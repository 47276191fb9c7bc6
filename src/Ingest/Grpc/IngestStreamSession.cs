using System.Threading.Channels;
using Grpc.Core;
using Metering.Ingest.Authentication;
using Metering.Ingest.Publishing;
using Metering.V1;

namespace Metering.Ingest.Grpc;

/// <summary>
/// One stream: a loop that reads messages and starts their appends, and a loop that waits for them in order and acknowledges. Between them is
/// the window: when it is full the first loop does not read, and HTTP/2 holds the client back. A client that does not read its
/// acknowledgements blocks the second loop, so the window fills and the effect is the same.
/// </summary>
internal sealed class IngestStreamSession(
    IAsyncStreamReader<IngestStreamRequest> requests,
    IServerStreamWriter<IngestStreamResponse> responses,
    MessageIntake intake,
    Tenant tenant,
    IngestOptions options)
{
    // Unbounded as a queue; the window bounds what is in it.
    private readonly Channel<Pending> _pending =
        Channel.CreateUnbounded<Pending>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using StreamCredit credit = new(options);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task reading = ReadAsync(credit, stop.Token);
        try
        {
            await AnswerAsync(credit, stop.Token).ConfigureAwait(false);
        }
        catch
        {
            // No more answers: reading further would only take what cannot be acknowledged.
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await AbandonAsync().ConfigureAwait(false);
            throw;
        }

        await reading.ConfigureAwait(false);
    }

    private async Task ReadAsync(StreamCredit credit, CancellationToken cancellationToken)
    {
        try
        {
            ulong last = 0;
            await credit.WaitAsync(cancellationToken).ConfigureAwait(false);
            while (await requests.MoveNext(cancellationToken).ConfigureAwait(false))
            {
                IngestStreamRequest request = requests.Current;
                RequireIncreasing(last, request.Sequence);
                last = request.Sequence;
                Take(request, credit);
                await credit.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            // What was taken is still acknowledged, whatever ended the reading.
            _pending.Writer.Complete();
        }
    }

    private void Take(IngestStreamRequest request, StreamCredit credit)
    {
        int bytes = request.CalculateSize();
        MessageBatch batch = intake.Take(request.Events, bytes, tenant);
        credit.Take(request.Events.Count, bytes);
        _pending.Writer.TryWrite(new Pending(request.Sequence, request.Events.Count, bytes, batch));
    }

    private static void RequireIncreasing(ulong last, ulong sequence)
    {
        if (sequence <= last)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"sequence {sequence} must be above {last}"));
        }
    }

    private async Task AnswerAsync(StreamCredit credit, CancellationToken cancellationToken)
    {
        await foreach (Pending pending in _pending.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            IngestStreamResponse response;
            using (pending.Batch)
            {
                await pending.Batch.StoredAsync().ConfigureAwait(false);
                response = ResponseOf(pending);
            }

            await responses.WriteAsync(response, cancellationToken).ConfigureAwait(false);
            credit.Release(pending.Events, pending.Bytes);
        }
    }

    /// <summary>Waits for the appends that nobody will hear of, to give their memory back.</summary>
    private async Task AbandonAsync()
    {
        while (_pending.Reader.TryRead(out Pending pending))
        {
            using (pending.Batch)
            {
                await pending.Batch.StoredAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private IngestStreamResponse ResponseOf(in Pending pending)
    {
        IngestStreamResponse response = new()
        {
            Sequence = pending.Sequence,
            Accepted = (uint)pending.Batch.Accepted,
            Window = new StreamWindow
            {
                Messages = (uint)options.StreamWindowMessages,
                Events = (uint)options.StreamWindowEvents,
                Bytes = (ulong)options.StreamWindowBytes,
            },
        };
        foreach (Rejection rejection in pending.Batch.Rejections)
        {
            response.Rejections.Add(new StreamRejection
            {
                Index = (uint)rejection.Index,
                Id = rejection.Id ?? string.Empty,
                Rejected = UsageIngestService.RejectedOf(rejection.Problem),
            });
        }

        return response;
    }

    private readonly record struct Pending(ulong Sequence, int Events, int Bytes, MessageBatch Batch);
}
