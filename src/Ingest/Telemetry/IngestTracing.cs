using System.Diagnostics;
using Metering.Contracts;

namespace Metering.Ingest.Telemetry;

internal static class IngestTracing
{
    public const string SourceName = "Metering.Ingest";

    private static readonly ActivitySource s_source = new(SourceName);

    /// <summary>One span a batch; none when nobody listens.</summary>
    public static Activity? StartPublish(int records)
    {
        Activity? activity = s_source.StartActivity($"send {Topics.UsageEvents}", ActivityKind.Producer);
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("messaging.operation.type", "send");
            activity.SetTag("messaging.destination.name", Topics.UsageEvents);
            activity.SetTag("messaging.batch.message_count", records);
        }

        return activity;
    }
}
