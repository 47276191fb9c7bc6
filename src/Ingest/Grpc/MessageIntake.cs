using Google.Protobuf.Collections;
using Grpc.Core;
using Metering.Ingest.Authentication;
using Metering.Ingest.Parsing;
using Metering.Ingest.Publishing;
using Metering.Ingest.Telemetry;
using Metering.Ingest.Validation;
using Metering.V1;

namespace Metering.Ingest.Grpc;

/// <summary>Turns the events of one message into a batch that is on its way into the log.</summary>
internal sealed class MessageIntake(
    InFlightBytes inFlight, IngestBatchPool batches, Publisher publisher, IngestMetrics metrics, EventRules rules, TimeProvider time)
{
    /// <exception cref="RpcException">The message as a whole cannot be taken; nothing of it was.</exception>
    public MessageBatch Take(RepeatedField<UsageEvent> events, int bytes, Tenant tenant)
    {
        if (events.Count == 0)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"{Codes.EmptyBatch}: {BodyProblems.EmptyBatch.Message}"));
        }

        if (events.Count > rules.MaxBatchEvents)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"{Codes.BatchTooLarge}: {rules.TooManyEvents.Message}"));
        }

        InFlightBytes.Reservation reservation = inFlight.Reserve();
        if (!reservation.TryGrow(bytes))
        {
            reservation.Dispose();
            metrics.Throttled();
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"{Codes.Overloaded}: {BodyReader.Overloaded.Message}"));
        }

        metrics.Request(bytes, events.Count);
        try
        {
            return Start(events, tenant, reservation);
        }
        catch
        {
            reservation.Dispose();
            throw;
        }
    }

    private MessageBatch Start(RepeatedField<UsageEvent> events, Tenant tenant, InFlightBytes.Reservation reservation)
    {
        IngestBatch batch = batches.Rent();
        Encode(events, new BatchContext(tenant.Utf8, time.GetUtcNow().UtcTicks, publisher.PartitionCount, EventForm.Native), batch);
        return new MessageBatch(batch, reservation, batches, metrics, publisher.PublishAsync(batch).AsTask());
    }

    private static void Encode(RepeatedField<UsageEvent> events, in BatchContext context, IngestBatch batch)
    {
        for (int i = 0; i < events.Count; i++)
        {
            Problem problem = batch.Messages.Encode(events[i], context, batch.Records);
            if (!problem.IsNone)
            {
                batch.Rejections.Add(new Rejection(i, events[i].Id, problem, Start: 0, Length: 0));
            }
        }

        batch.EndAccepted();
        foreach (Rejection rejection in batch.Rejections)
        {
            batch.AddRejection(rejection.Problem, MessageJson.Of(events[rejection.Index]), context);
        }
    }
}
