using Metering.Contracts;
using Metering.Ingest.Parsing;
using Metering.Ingest.Validation;
using Microsoft.AspNetCore.Http;

namespace Metering.Ingest.Http;

/// <summary>What the body is, from <c>Content-Type</c>. Parameters such as <c>charset</c> are accepted: JSON is UTF-8 in any case.</summary>
internal static class ContentTypes
{
    /// <returns>A problem when the route does not take the type.</returns>
    public static Problem Read(HttpRequest request, IngestRoute route, out BodyShape shape)
    {
        string header = request.ContentType ?? string.Empty;
        string mediaType = MediaTypeOf(header);
        BodyShape? found = route.Kind != RecordKind.Use ? ForCorrections(mediaType)
            : route.IsOpenMeter ? ForCloudEvents(mediaType)
            : ForCloudEvents(mediaType) ?? ForLines(mediaType);
        shape = found ?? BodyShape.Either;
        return found is null ? new Problem(Codes.UnsupportedContentType, $"invalid content type: {header}") : Problem.None;
    }

    public static string MediaTypeOf(string header)
    {
        int end = header.IndexOf(';', StringComparison.Ordinal);
        return (end < 0 ? header : header[..end]).Trim().ToLowerInvariant();
    }

    private static BodyShape? ForCloudEvents(string mediaType) => mediaType switch
    {
        "application/json" => BodyShape.Either,
        "application/cloudevents+json" => BodyShape.Single,
        "application/cloudevents-batch+json" => BodyShape.Array,
        _ => null,
    };

    private static BodyShape? ForLines(string mediaType) => mediaType switch
    {
        "application/x-ndjson" or "application/ndjson" or "application/jsonl" => BodyShape.Lines,
        _ => null,
    };

    private static BodyShape? ForCorrections(string mediaType) => mediaType == "application/json" ? BodyShape.Either : null;
}
