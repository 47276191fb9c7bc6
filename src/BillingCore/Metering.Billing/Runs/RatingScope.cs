using Metering.Billing.Periods;

namespace Metering.Billing.Runs;

/// <summary>A rating scope: all usage of one component, at one content of its price, in one billing period.</summary>
/// <param name="Price">Name of the price's content.</param>
/// <param name="Active">When it was served, in order, without overlap; within the period.</param>
/// <param name="Share">Of the period that it was active.</param>
/// <param name="IsTrial">Nothing of a trial counts towards tiers after it, even at the same price.</param>
public sealed record RatingScope(string Component, string Price, BillingPeriod Period, IReadOnlyList<TimeRange> Active, Fraction Share, bool IsTrial, PricedComponent Terms)
{
    public string Key => IsTrial ? $"{Component}#{Price}~trial{Mark}" : $"{Component}#{Price}{Mark}";

    /// <summary>Empty, unless an earlier billing period has the same boundaries.</summary>
    public string Mark { get; init; } = "";

    /// <summary>Whether a line of this key bills it. A matrix has a line for each cell.</summary>
    public bool IsKeyOf(string line) => line == Key || line.StartsWith($"{Key}[", StringComparison.Ordinal);

    /// <summary>It is billed when its period is over, not at the end of its own time: the price may come back.</summary>
    public DateTimeOffset DueAt => Period.Service.End;
}
