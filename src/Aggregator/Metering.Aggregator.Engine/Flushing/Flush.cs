using Metering.Contracts;

namespace Metering.Aggregator.Engine.Flushing;

/// <summary>
/// The rows one offset range of one partition becomes, and the counts that prove they arrived. Built once and kept until it is confirmed:
/// in doubt the same bytes are sent again.
/// </summary>
public sealed class Flush : IDisposable
{
    public required int Partition { get; init; }

    /// <summary>Lowest offset of the range, inclusive.</summary>
    public required long Lo { get; init; }

    /// <summary>Highest offset of the range, inclusive.</summary>
    public long Hi { get; internal set; }

    public RowBuffer Raw { get; } = new();

    public RowBuffer DeadLetters { get; } = new();

    public RowBuffer Deltas { get; } = new();

    public long Records { get; internal set; }

    public long Accepted { get; internal set; }

    public long Duplicates { get; internal set; }

    public long Dead { get; internal set; }

    public long Ticks { get; internal set; }

    /// <summary>Accepted events with a value of more than 12 decimal places.</summary>
    public long Rounded { get; internal set; }

    /// <summary>Accepted events that a meter could not use.</summary>
    public long Problems { get; internal set; }

    /// <summary>Exclusive or of the accepted identities.</summary>
    public EventIdentity IdentityXor { get; internal set; }

    public Quantity DeltaValue { get; internal set; }

    public long DeltaCount { get; internal set; }

    /// <summary>Highest append time, milliseconds since 1970 UTC.</summary>
    public long AtMs { get; internal set; }

    /// <summary>Ticks alone change no row that anybody reads.</summary>
    public bool IsOnlyTicks => Records == Ticks;

    public void Dispose()
    {
        Raw.Dispose();
        DeadLetters.Dispose();
        Deltas.Dispose();
    }
}
