namespace Metering.Billing.Proration;

public enum ChangeDirection
{
    Upgrade,
    Downgrade,

    /// <summary>The new charges of a period cost what the old ones did.</summary>
    Lateral,
}

/// <summary>When a change is settled.</summary>
public enum ChangeSettlement
{
    /// <summary>On an invoice of its own.</summary>
    AtOnce,

    /// <summary>With the invoice that comes next anyway.</summary>
    NextInvoice,
}

/// <summary>
/// The lines of one change within one period: what ends is given back for the time it does not serve, what begins is charged for the time it does. It is a
/// function of its inputs alone, so it can be previewed and, later, checked.
/// </summary>
/// <param name="Lines">In the order of the charges. A charge without time in it, a credit of nothing and usage have none.</param>
/// <param name="Net">The sum of the lines.</param>
public sealed record Change(IReadOnlyList<ProrationLine> Lines, Money Net, ChangeDirection Direction)
{
    /// <summary>An upgrade is paid at once; a downgrade, and fewer seats, are given back with the next invoice.</summary>
    public ChangeSettlement Settlement => Direction == ChangeDirection.Upgrade ? ChangeSettlement.AtOnce : ChangeSettlement.NextInvoice;

    /// <exception cref="OverflowException">Beyond what an amount can hold.</exception>
    /// <exception cref="InvalidOperationException">Something was billed in another currency.</exception>
    public static Change Of(ProrationClock clock, Currency currency, IReadOnlyList<ProratedCharge> charges, RoundingMode rounding = RoundingMode.HalfAwayFromZero)
    {
        List<ProrationLine> lines = [];
        Money net = Money.Zero(currency);
        foreach (ProratedCharge charge in charges)
        {
            if (ProrationLines.Of(charge, new Earning(charge.Amount, currency, clock, rounding)) is { } line)
            {
                lines.Add(line);
                net += line.Amount;
            }
        }

        return new Change(lines, net, DirectionOf(charges));
    }

    private static ChangeDirection DirectionOf(IReadOnlyList<ProratedCharge> charges)
    {
        Fraction difference = Fraction.Zero;
        foreach (ProratedCharge charge in charges.Where(charge => charge.Recurs))
        {
            difference += charge.Billed is null ? charge.Amount : -charge.Amount;
        }

        return difference.Sign switch
        {
            > 0 => ChangeDirection.Upgrade,
            < 0 => ChangeDirection.Downgrade,
            _ => ChangeDirection.Lateral,
        };
    }
}
