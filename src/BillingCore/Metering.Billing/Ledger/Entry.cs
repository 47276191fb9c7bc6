namespace Metering.Billing.Ledger;

public enum Direction
{
    Debit,
    Credit,
}

/// <summary>One side of a transaction.</summary>
/// <param name="Amount">Above zero.</param>
public readonly record struct Entry(Account Account, Direction Direction, Money Amount)
{
    /// <summary>Debits count up, credits down, so that a transaction sums to zero.</summary>
    public long Signed => Direction == Direction.Debit ? Amount.MinorUnits : checked(-Amount.MinorUnits);

    /// <summary>The same on the other side.</summary>
    public Entry Reversed => this with { Direction = Direction == Direction.Debit ? Direction.Credit : Direction.Debit };
}
