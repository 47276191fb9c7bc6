namespace Metering.Billing;

/// <summary>
/// Whole parts of a whole amount. Every exact part is cut towards zero; the units left over go, one each, to the parts that lost most, the
/// first of equals. Cutting towards zero makes the parts of −x the negatives of the parts of x: a credit mirrors its charge, cent by cent.
/// </summary>
public static class LargestRemainder
{
    /// <param name="total">What the parts must sum to: the sum of the exact parts after any rounding.</param>
    /// <param name="exact">Of either sign.</param>
    /// <exception cref="ArgumentException">The total is no rounding of the parts' sum: more units are left over than there are parts.</exception>
    public static long[] Share(long total, ReadOnlySpan<Fraction> exact)
    {
        long[] parts = new long[exact.Length];
        Fraction[] lost = new Fraction[exact.Length];
        Int128 left = total;
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = exact[i].RoundToUnits(0, exact[i].Sign < 0 ? RoundingMode.Up : RoundingMode.Down);
            lost[i] = exact[i] - parts[i];
            left -= parts[i];
        }

        if (Int128.Abs(left) > parts.Length)
        {
            throw new ArgumentException($"{total} is no rounding of the sum of the parts.", nameof(total));
        }

        int sign = Int128.Sign(left);
        int[] order = [.. Enumerable.Range(0, parts.Length).OrderByDescending(i => lost[i] * sign)]; // a stable sort
        foreach (int i in order.AsSpan(0, (int)Int128.Abs(left)))
        {
            parts[i] += sign;
        }

        return parts;
    }
}
