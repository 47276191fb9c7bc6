using Google.Protobuf;
using Metering.V1;

namespace Metering.Ingest.Tests.Support;

internal static class Messages
{
    public static UsageEvent Event(string id, string data = "{\"tokens\":1}") => new()
    {
        Id = id, Source = "api", Type = "llm.call", Subject = "customer-1", DataJson = ByteString.CopyFromUtf8(data),
    };

    public static IngestRequest Batch(int count)
    {
        IngestRequest request = new();
        request.Events.AddRange(Enumerable.Range(0, count).Select(i => Event($"{i}")));
        return request;
    }

    public static IngestStreamRequest StreamRequest(ulong sequence, int count, string subject = "s")
    {
        IngestStreamRequest request = new() { Sequence = sequence };
        request.Events.AddRange(Enumerable.Range(0, count).Select(i => new UsageEvent(Event($"{sequence}-{i}")) { Subject = subject }));
        return request;
    }
}
