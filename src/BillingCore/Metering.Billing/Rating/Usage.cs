using Metering.Billing.Catalog;

namespace Metering.Billing.Rating;

/// <summary>
/// What a rating scope has used so far, all of it: cumulative, never a part. A quantity for most models, single events for those that price
/// them, cells for a matrix.
/// </summary>
public readonly record struct Usage
{
    /// <summary>Of the events the sum of their values; of cells nothing.</summary>
    public Fraction Quantity { get; private init; }

    /// <summary>In any order; null when only the quantity is known.</summary>
    public IReadOnlyList<UsageEvent>? Events { get; private init; }

    public IReadOnlyList<CellUsage>? Cells { get; private init; }

    /// <summary>The aggregation had no value: rated as 0, and the line says that there was no usage.</summary>
    public bool IsNone { get; private init; }

    public static Usage None => new() { IsNone = true };

    public static Usage Of(Fraction quantity) => new() { Quantity = quantity };

    public static Usage OfEvents(IReadOnlyList<UsageEvent> events)
    {
        Fraction sum = Fraction.Zero;
        foreach (UsageEvent one in events)
        {
            sum += one.Value;
        }

        return new Usage { Quantity = sum, Events = events, IsNone = events.Count == 0 };
    }

    /// <param name="cells">Each key once.</param>
    public static Usage OfCells(IReadOnlyList<CellUsage> cells) => new() { Cells = cells, IsNone = cells.Count == 0 };
}

/// <param name="At">When it happened; null in all events of a list that is in order already.</param>
/// <param name="Id">Its identity: tells equal times apart.</param>
/// <param name="Currency">What an event that carries an amount says; null when it says nothing.</param>
public readonly record struct UsageEvent(Fraction Value, DateTimeOffset? At, string Id, string? Currency);

public readonly record struct CellUsage(CellKey Key, Usage Usage)
{
    /// <summary>An empty cell has no line, pays no minimum, and needs no price.</summary>
    public bool IsEmpty => Usage.IsNone || (Usage.Quantity.IsZero && Usage.Events is null);
}
