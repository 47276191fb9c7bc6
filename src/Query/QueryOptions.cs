using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Metering.Query;

/// <summary>Limits of the query side; section <c>Query</c> of the configuration.</summary>
public sealed class QueryOptions
{
    public const string Section = "Query";

    /// <summary>Rows of one usage answer, and entries of a list of subjects or group values. Beyond it: 400 with advice, never a cut answer.</summary>
    [Range(1, 10_000_000)]
    public int MaxRows { get; init; } = 100_000;

    /// <summary>Time for one request, all its database work included. Beyond it: 504.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Bytes of a request body. Beyond it: 413.</summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int MaxBodyBytes { get; init; } = 1024 * 1024;

    /// <summary>Group-by dimensions of one meter. Beyond it: 400.</summary>
    [Range(1, 1000)]
    public int MaxDimensions { get; init; } = 50;

    /// <summary>Live meters of one tenant: each of them reads every event of its type. Beyond it: 400.</summary>
    [Range(1, 100_000)]
    public int MaxMeters { get; init; } = 1000;

    /// <summary>How far back <c>GET /api/v1/events</c> may look, because it reads whole days of raw events. Beyond it: 400.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3660.00:00:00")]
    public TimeSpan MaxEventLookback { get; init; } = TimeSpan.FromDays(32);
}

[OptionsValidator]
internal sealed partial class QueryOptionsValidator : IValidateOptions<QueryOptions>;
