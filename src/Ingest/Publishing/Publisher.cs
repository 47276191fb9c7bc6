using System.Diagnostics;
using Metering.Contracts;
using Metering.EventLog;
using Metering.Ingest.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.Ingest.Publishing;

/// <summary>What the log made of a batch.</summary>
internal enum PublishOutcome
{
    /// <summary>Every accepted event is durable.</summary>
    Stored,

    /// <summary>At least one accepted event is not, or may not be.</summary>
    NotStored,

    /// <summary>As <see cref="NotStored"/>; the log may still be writing into the batch, so its memory must not be used again.</summary>
    InDoubt,
}

/// <summary>Appends a batch and waits for the log's word on each record: nothing is acknowledged before (L1).</summary>
internal sealed class Publisher(
    [FromKeyedServices(Topics.UsageEvents)] ITopic topic,
    IOptions<IngestOptions> options,
    IngestMetrics metrics,
    TimeProvider time,
    ILogger<Publisher> log)
{
    private readonly TimeSpan _timeout = options.Value.PublishTimeout;

    public int PartitionCount => topic.PartitionCount;

    /// <remarks>
    /// Not cancelled with the request: a client that has gone sends the batch again, and the records that made it are its copies. Records of
    /// refused events are stored when possible and change nothing about the outcome.
    /// </remarks>
    public async ValueTask<PublishOutcome> PublishAsync(IngestBatch batch)
    {
        if (batch.Records.Count == 0)
        {
            return PublishOutcome.Stored;
        }

        using Activity? activity = IngestTracing.StartPublish(batch.Records.Count);
        long started = time.GetTimestamp();
        PublishOutcome outcome = await AppendAsync(batch).ConfigureAwait(false);
        metrics.Published(time.GetElapsedTime(started), outcome);
        if (outcome != PublishOutcome.Stored)
        {
            activity?.SetStatus(ActivityStatusCode.Error);
        }

        return outcome;
    }

    private async ValueTask<PublishOutcome> AppendAsync(IngestBatch batch)
    {
        using CancellationTokenSource timeout = new(_timeout, time);
        try
        {
            await topic.AppendAsync(batch.Records, timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            log.AppendTimedOut(batch.Records.Count, _timeout);
            return PublishOutcome.InDoubt;
        }

        if (batch.FirstFailure() is { } failure)
        {
            log.AppendRefused(batch.Records.Count, failure);
        }

        return batch.CountStored() == batch.Accepted ? PublishOutcome.Stored : PublishOutcome.NotStored;
    }
}
