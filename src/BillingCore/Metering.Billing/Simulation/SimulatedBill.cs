using Metering.Billing.Catalog;
using Metering.Billing.Rating;

namespace Metering.Billing.Simulation;

/// <summary>What one version charges one customer for the period.</summary>
public sealed class SimulatedBill
{
    /// <summary>A percentage of many events has as many steps; beyond these a component is not explained.</summary>
    public const int MaxSteps = 1000;

    private readonly PlanPrices _prices;
    private readonly RatingTerms _terms;
    private readonly bool _explain;
    private readonly UsageNeed?[] _needs;
    private readonly SimulatedComponent?[] _rated;

    internal SimulatedBill(PlanPrices prices, SimulationRequest request)
    {
        _prices = prices;
        _explain = request.Explain;
        _terms = new RatingTerms(prices.Currency, prices.Rounding, Fraction.One, IsClosing: true);
        _needs = [.. prices.Components.Select(UsageNeed.Of)];
        _rated = new SimulatedComponent?[_needs.Length];
        for (int i = 0; i < _needs.Length; i++)
        {
            if (_needs[i] is null)
            {
                Component component = prices.Components[i];
                Rate(i, component.Price is LicensedPrice ? Usage.Of(request.Seats.GetValueOrDefault(component.Key, Fraction.One)) : Usage.None);
            }
        }
    }

    public string? Problem { get; private set; }

    public IEnumerable<UsageNeed> Needs => _needs.OfType<UsageNeed>();

    public IEnumerable<string> Components => _prices.Components.Select(component => component.Key);

    /// <summary>Of the components and the commitments.</summary>
    public Money Amount => TrueUps.Select(one => one.Amount).Concat(_rated.OfType<SimulatedComponent>().Select(one => one.Amount)).Aggregate(Money.Zero(_prices.Currency), (sum, one) => sum + one);

    /// <summary>What the components fall short of each commitment by; those that are met left out.</summary>
    public IEnumerable<(string Commitment, Money Amount)> TrueUps => _prices.Commitments.Select(one => (one.Key, TrueUp(one))).Where(one => one.Item2.Sign > 0);

    /// <summary>Null when this version has no such component.</summary>
    public SimulatedComponent? Find(string component) => _rated.FirstOrDefault(one => one?.Component == component);

    internal void Supply(UsageNeed need, in Usage usage)
    {
        for (int i = 0; i < _needs.Length; i++)
        {
            if (need.Equals(_needs[i]))
            {
                Rate(i, usage);
            }
        }
    }

    internal void Refuse(UsageNeed need, string reason)
    {
        for (int i = 0; i < _needs.Length; i++)
        {
            Problem ??= need.Equals(_needs[i]) ? $"{_prices.Components[i].Key}: {reason}" : null;
        }
    }

    internal void Complete()
    {
        for (int i = 0; i < _needs.Length && Problem is null; i++)
        {
            if (_rated[i] is null)
            {
                Rate(i, Usage.None);
            }
        }
    }

    private void Rate(int index, in Usage given)
    {
        Component component = _prices.Components[index];
        Usage usage = UsageRules.Fit(component, given);
        if (UsageRules.Check(component, usage, _prices.Currency, component.Key) is [var problem, ..])
        {
            Problem ??= problem.ToString();
            return;
        }

        Explanation? explanation = _explain && Steps(usage) <= MaxSteps ? new Explanation() : null;
        try
        {
            BilledStep step = StepBilling.Bill(component, usage, default, _terms, explanation);
            _rated[index] = new SimulatedComponent(component.Key, usage.IsNone && component.Source is not null, step.Total.Charge.Billable, step.Amount, _explain ? step.Lines : [], explanation);
        }
        catch (OverflowException)
        {
            Problem ??= $"{component.Key}: the result is beyond what an amount can hold";
        }
    }

    private static int Steps(in Usage usage) => (usage.Events?.Count ?? 0) + (usage.Cells?.Sum(cell => 1 + (cell.Usage.Events?.Count ?? 0)) ?? 0);

    private Money TrueUp(Commitment commitment)
    {
        Money owed = Money.Round(commitment.Amount, _prices.Currency, _prices.Rounding);
        return _rated.OfType<SimulatedComponent>().Where(one => commitment.Components.Contains(one.Component)).Aggregate(owed, (left, one) => left - one.Amount);
    }
}

/// <param name="Component">Key.</param>
/// <param name="HasNoUsage">Whether the aggregation had no value.</param>
/// <param name="Quantity">After conversion and allowance.</param>
/// <param name="Lines">Empty unless asked for.</param>
/// <param name="Explanation">Null unless asked for, and when it would be too long.</param>
public sealed record SimulatedComponent(string Component, bool HasNoUsage, Fraction Quantity, Money Amount, IReadOnlyList<RatedLine> Lines, Explanation? Explanation);
