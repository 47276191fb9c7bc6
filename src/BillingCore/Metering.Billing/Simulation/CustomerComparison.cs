using Metering.Billing.Rating;

namespace Metering.Billing.Simulation;

/// <summary>One customer's usage under two versions. Usage is supplied need by need, and rated as it comes, so that single events need not be kept.</summary>
public sealed class CustomerComparison
{
    private readonly SimulatedBill[] _sides;

    public CustomerComparison(string customer, PlanPrices old, PlanPrices @new, SimulationRequest request)
    {
        Customer = customer;
        Old = new SimulatedBill(old, request);
        New = new SimulatedBill(@new, request);
        _sides = [Old, New];
    }

    public string Customer { get; }

    public SimulatedBill Old { get; }

    public SimulatedBill New { get; }

    /// <summary>Why this customer has no price; null when there is one.</summary>
    public string? Problem => Old.Problem ?? New.Problem;

    /// <summary>What has to be read. Each once.</summary>
    public IEnumerable<UsageNeed> Needs => _sides.SelectMany(side => side.Needs).Distinct();

    public void Supply(UsageNeed need, in Usage usage)
    {
        foreach (SimulatedBill side in _sides)
        {
            side.Supply(need, usage);
        }
    }

    /// <summary>The usage cannot be read or priced.</summary>
    public void Refuse(UsageNeed need, string reason)
    {
        foreach (SimulatedBill side in _sides)
        {
            side.Refuse(need, reason);
        }
    }

    /// <summary>Everything that was there has been supplied: what was not had no usage.</summary>
    public void Complete()
    {
        foreach (SimulatedBill side in _sides)
        {
            side.Complete();
        }
    }

    /// <summary>Keys of the components of either side, the old ones first.</summary>
    public IEnumerable<string> Components => Old.Components.Concat(New.Components).Distinct(StringComparer.Ordinal);
}
