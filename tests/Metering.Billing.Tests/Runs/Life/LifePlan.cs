using Metering.Billing.Tests.Rating.SecondOpinion;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>What a plan charges for.</summary>
/// <param name="Timing">advance, arrears, once or usage.</param>
/// <param name="Unit">day, week, month, quarter, half_year or year; times <paramref name="Count"/>.</param>
/// <param name="Proration">day, second or none.</param>
/// <param name="Category">Decides its tax.</param>
/// <param name="PerSeat">Its quantity is that of the seats; 1 otherwise.</param>
internal sealed record LifeItem(string Component, string Timing, string Unit, int Count, string Proration, string Category, PlainComponent Price, bool PerSeat = false)
{
    /// <summary>Two items with one content are one price.</summary>
    public string Content { get; } = $"{Component}_{Timing}_{Count}{Unit}_{Proration}_{Category}_{new PlainCase { Currency = "USD", Component = Price }.ToJson()}";

    public int Seats(int seats) => PerSeat ? seats : 1;
}

/// <param name="IsFull">All of it is owed when the subscription ends within its period.</param>
internal sealed record LifeCommitment(string Key, string Amount, string[] Components, bool IsFull);

internal sealed record LifePlan(string Name, LifeItem[] Items, LifeCommitment? Commitment = null)
{
    public LifeItem? Find(string component) => Array.Find(Items, item => item.Component == component);
}

/// <summary>A discount of the subscription: a percentage or an amount, of components or (null) of whole invoices, for so many periods or (null) for ever.</summary>
internal sealed record LifeDiscount(string? Percent, string? Amount, int? Periods, DateTimeOffset From, string[]? Components);

internal sealed record LifeRate(string Code, string Percent, bool IsInclusive);

internal sealed record LifeTaxRule(string Category, LifeRate Rate, DateTimeOffset ValidFrom);
