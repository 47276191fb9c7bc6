using Grpc.Core;
using Metering.Ingest.Publishing;
using Metering.Ingest.Telemetry;
using Metering.Ingest.Validation;

namespace Metering.Ingest.Grpc;

/// <summary>The events of one message on their way into the log. Disposed by whoever took it, after <see cref="StoredAsync"/>.</summary>
internal sealed class MessageBatch(
    IngestBatch batch, InFlightBytes.Reservation reservation, IngestBatchPool batches, IngestMetrics metrics, Task<PublishOutcome> publishing)
    : IDisposable
{
    // Until the log has answered it may still write into the batch.
    private bool _reusable;

    public int Accepted => batch.Accepted;

    public IReadOnlyList<Rejection> Rejections => batch.Rejections;

    /// <summary>Returns when every accepted event is durable.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: not all of them are.</exception>
    public async Task StoredAsync()
    {
        PublishOutcome outcome = await publishing.ConfigureAwait(false);
        _reusable = outcome != PublishOutcome.InDoubt;
        Count(outcome);
        if (outcome != PublishOutcome.Stored && batch.Accepted > 0)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, $"{Codes.NotStored}: not every event could be stored; send all of it again"));
        }
    }

    public void Dispose()
    {
        reservation.Dispose();
        if (_reusable)
        {
            batches.Return(batch);
        }
    }

    private void Count(PublishOutcome outcome)
    {
        int stored = outcome switch
        {
            PublishOutcome.Stored => batch.Accepted,
            PublishOutcome.NotStored => batch.CountStored(),
            PublishOutcome.InDoubt => 0,
        };
        metrics.Accepted(stored);
        metrics.Failed(batch.Accepted - stored);
        metrics.Invalid(batch.Rejections.Count);
    }
}
