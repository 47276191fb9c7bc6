namespace Metering.Billing.Simulation;

/// <summary>Sums over customers, as they are priced.</summary>
public sealed class SimulationTotals(Currency currency)
{
    private readonly Dictionary<string, (Money Old, Money New)> _components = new(StringComparer.Ordinal);

    /// <summary>With a price.</summary>
    public int Customers { get; private set; }

    /// <summary>Without one: they are in no sum.</summary>
    public int Refused { get; private set; }

    public Money Old { get; private set; } = Money.Zero(currency);

    public Money New { get; private set; } = Money.Zero(currency);

    /// <summary>By key, in the order of the plan.</summary>
    public IEnumerable<(string Component, Money Old, Money New)> Components => _components.Select(one => (one.Key, one.Value.Old, one.Value.New));

    /// <exception cref="OverflowException">A sum is beyond what money can hold.</exception>
    public void Add(CustomerComparison customer)
    {
        if (customer.Problem is not null)
        {
            Refused++;
            return;
        }

        Customers++;
        Old += customer.Old.Amount;
        New += customer.New.Amount;
        Money zero = Money.Zero(currency);
        foreach (string key in customer.Components)
        {
            (Money old, Money @new) = _components.GetValueOrDefault(key, (zero, zero));
            _components[key] = (old + (customer.Old.Find(key)?.Amount ?? zero), @new + (customer.New.Find(key)?.Amount ?? zero));
        }
    }
}
