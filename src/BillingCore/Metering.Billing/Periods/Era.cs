namespace Metering.Billing.Periods;

/// <summary>A stretch of time with one cadence.</summary>
/// <param name="From">When it begins. Service before it belongs to the era before.</param>
/// <param name="FirstIndex">The k of its first period.</param>
/// <param name="Continues">
/// Whether it takes over at a boundary of the era before, as a new zone does. Its first period then begins at that boundary, wherever the new
/// zone's clock would have it, and no later one begins earlier.
/// </param>
internal sealed record Era(Cadence Cadence, DateTimeOffset From, int FirstIndex, bool Continues)
{
    public static Era Beginning(Cadence cadence, DateTimeOffset from) => new(cadence, from, cadence.IndexOf(from), Continues: false);

    public DateTimeOffset Boundary(int k)
    {
        if (!Continues)
        {
            return Cadence.Boundary(k);
        }

        DateTimeOffset boundary = k <= FirstIndex ? From : Cadence.Boundary(k);
        return boundary < From ? From : boundary;
    }

    /// <summary>The k of the period that holds an instant of this era.</summary>
    public int IndexOf(DateTimeOffset instant)
    {
        int k = Continues ? Math.Max(FirstIndex, Cadence.IndexOf(instant)) : Cadence.IndexOf(instant);
        return Boundary(k) > instant ? FirstIndex : k;
    }
}
