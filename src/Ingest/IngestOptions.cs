using System.ComponentModel.DataAnnotations;

namespace Metering.Ingest;

/// <summary>The limits of ingestion. Each has a stated answer when it is exceeded; <c>docs/specs/ingest.md</c> has the table.</summary>
public sealed class IngestOptions
{
    /// <summary>Events in one request. Default 10,000. More: 413 <c>batch_too_large</c>, nothing is stored.</summary>
    [Range(1, 100_000)]
    public int MaxBatchEvents { get; set; } = 10_000;

    /// <summary>Bytes of one request body after decompression. Default 32 MiB. More: 413 <c>body_too_large</c>.</summary>
    /// <remarks>Must not exceed <see cref="MaxInFlightBytes"/>: such a body could never be read.</remarks>
    [Range(1024, 1024 * 1024 * 1024)]
    public int MaxBodyBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>Bytes of one event's JSON text. Default 64 KiB. More: the event is rejected as <c>event_too_large</c>.</summary>
    [Range(256, 1024 * 1024)]
    public int MaxEventBytes { get; set; } = 64 * 1024;

    /// <summary>Nesting of objects and arrays in an event, the event itself being level 1. Default 32. More: <c>too_deep</c>.</summary>
    [Range(2, 64)]
    public int MaxDepth { get; set; } = 32;

    /// <summary>Top-level attributes of an event beside the known ones. Default 64. More: <c>invalid_field</c>.</summary>
    [Range(0, 1024)]
    public int MaxAttributes { get; set; } = 64;

    /// <summary>UTF-8 bytes of <c>id</c>. Default 256. More: <c>invalid_field</c>, as for the next three.</summary>
    [Range(16, 1024)]
    public int MaxIdBytes { get; set; } = 256;

    /// <summary>UTF-8 bytes of <c>source</c>. Default 512.</summary>
    [Range(16, 2048)]
    public int MaxSourceBytes { get; set; } = 512;

    /// <summary>UTF-8 bytes of <c>type</c>. Default 256.</summary>
    [Range(16, 1024)]
    public int MaxTypeBytes { get; set; } = 256;

    /// <summary>UTF-8 bytes of <c>subject</c>. Default 512.</summary>
    [Range(16, 2048)]
    public int MaxSubjectBytes { get; set; } = 512;

    /// <summary>UTF-8 bytes of the reason of a void or an amendment. Default 1 KiB. More: <c>invalid_field</c>.</summary>
    [Range(16, 16 * 1024)]
    public int MaxReasonBytes { get; set; } = 1024;

    /// <summary>
    /// Bytes of all requests that are being read or wait for the log. Default 64 MiB. More: 429 with <c>Retry-After</c>, or
    /// <c>RESOURCE_EXHAUSTED</c>.
    /// </summary>
    [Range(1024, 64L * 1024 * 1024 * 1024)]
    public long MaxInFlightBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>How long the log may take for one batch. Default 30 s. Longer: 503, the batch is in doubt and safe to send again.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00", ParseLimitsInInvariantCulture = true, ConvertValueInInvariantCulture = true)]
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether a request without an API key is refused. Default true.</summary>
    /// <remarks>
    /// When false, a request without a key belongs to the tenant <c>default</c>, or to the one its header <c>X-Metering-Tenant</c> names: for
    /// development only. A key that is given is checked in either case.
    /// </remarks>
    public bool RequireApiKey { get; set; } = true;

    /// <summary>Messages of one gRPC stream that are not yet acknowledged. Default 64. When reached, the stream is not read further.</summary>
    [Range(1, 4096)]
    public int StreamWindowMessages { get; set; } = 64;

    /// <summary>Events of one gRPC stream that are not yet acknowledged. Default 20,000; the message that crosses it is still taken.</summary>
    [Range(1, 1_000_000)]
    public int StreamWindowEvents { get; set; } = 20_000;

    /// <summary>Bytes of one gRPC stream that are not yet acknowledged. Default 8 MiB; the message that crosses it is still taken.</summary>
    [Range(1024, 1024 * 1024 * 1024)]
    public int StreamWindowBytes { get; set; } = 8 * 1024 * 1024;
}
