namespace Metering.Billing;

/// <summary>An amount: whole minor units of one currency. Arithmetic is checked and never mixes currencies.</summary>
public readonly record struct Money(long MinorUnits, Currency Currency)
{
    public static Money Zero(Currency currency) => new(0, currency);

    public int Sign => Math.Sign(MinorUnits);

    public bool IsZero => MinorUnits == 0;

    /// <summary>The amount as a number of major units.</summary>
    public Fraction Exact => Fraction.OfUnits(MinorUnits, Currency.Exponent);

    /// <summary>The only rounding to money there is.</summary>
    /// <exception cref="OverflowException">More minor units than a long holds.</exception>
    public static Money Round(Fraction amount, Currency currency, RoundingMode mode = RoundingMode.HalfAwayFromZero) =>
        new(amount.RoundToUnits(currency.Exponent, mode), currency);

    /// <exception cref="OverflowException">The sum does not fit.</exception>
    /// <exception cref="InvalidOperationException">The currencies differ.</exception>
    public static Money operator +(Money left, Money right) => new(checked(left.MinorUnits + right.MinorUnits), left.Same(right));

    /// <inheritdoc cref="operator +(Money, Money)"/>
    public static Money operator -(Money left, Money right) => new(checked(left.MinorUnits - right.MinorUnits), left.Same(right));

    public static Money operator -(Money value) => new(checked(-value.MinorUnits), value.Currency);

    /// <inheritdoc cref="operator +(Money, Money)"/>
    public static bool operator <(Money left, Money right) => left.CompareTo(right) < 0;

    /// <inheritdoc cref="operator +(Money, Money)"/>
    public static bool operator >(Money left, Money right) => left.CompareTo(right) > 0;

    /// <inheritdoc cref="operator +(Money, Money)"/>
    public static bool operator <=(Money left, Money right) => left.CompareTo(right) <= 0;

    /// <inheritdoc cref="operator +(Money, Money)"/>
    public static bool operator >=(Money left, Money right) => left.CompareTo(right) >= 0;

    public static Money Min(Money left, Money right) => left <= right ? left : right;

    public static Money Max(Money left, Money right) => left >= right ? left : right;

    /// <summary>In proportion to the weights, by largest remainder: the parts sum to this amount.</summary>
    /// <param name="weights">At least one; none below zero and not all of them zero.</param>
    public Money[] Allocate(ReadOnlySpan<long> weights)
    {
        Fraction sum = Fraction.Zero;
        foreach (long weight in weights)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(weight);
            sum += weight;
        }

        Fraction perWeight = (Fraction)MinorUnits / sum;
        Fraction[] exact = new Fraction[weights.Length];
        for (int i = 0; i < exact.Length; i++)
        {
            exact[i] = perWeight * weights[i];
        }

        Currency currency = Currency;
        return Array.ConvertAll(LargestRemainder.Share(MinorUnits, exact), part => new Money(part, currency));
    }

    /// <summary>With all decimals of the currency: <c>72.00</c>, <c>-5</c>, <c>0.125</c>.</summary>
    public override string ToString() => Fraction.Fixed(MinorUnits, Currency.Exponent);

    private int CompareTo(Money other)
    {
        Same(other);
        return MinorUnits.CompareTo(other.MinorUnits);
    }

    private Currency Same(Money other) =>
        Currency == other.Currency ? Currency : throw new InvalidOperationException($"{Currency} and {other.Currency} do not mix.");
}
