namespace Metering.Billing;

/// <summary>Where a value between two neighbours goes. Names in JSON are in snake case (<see cref="RoundingModes"/>).</summary>
public enum RoundingMode
{
    /// <summary>To the nearer; a half goes away from zero, so that a credit mirrors its charge. The default for money.</summary>
    HalfAwayFromZero,

    /// <summary>To the nearer; a half goes to the even neighbour.</summary>
    HalfEven,

    /// <summary>To the nearer; a half goes towards +∞, below zero too: ⌊x + ½⌋.</summary>
    HalfUp,

    /// <summary>Towards +∞, below zero too: ⌈x⌉.</summary>
    Up,

    /// <summary>Towards −∞, below zero too: ⌊x⌋.</summary>
    Down,
}

public static class RoundingModes
{
    public static string Name(this RoundingMode mode) => mode switch
    {
        RoundingMode.HalfAwayFromZero => "half_away_from_zero",
        RoundingMode.HalfEven => "half_even",
        RoundingMode.HalfUp => "half_up",
        RoundingMode.Up => "up",
        RoundingMode.Down => "down",
    };

    /// <summary>What to add to a quotient that was cut towards zero: −1, 0 or 1.</summary>
    /// <param name="sign">Of the remainder: −1, 0 or 1.</param>
    /// <param name="half">The remainder's magnitude against half the divisor: below −1, equal 0, above 1.</param>
    internal static int Step(this RoundingMode mode, int sign, int half, bool isOdd) => mode switch
    {
        RoundingMode.HalfAwayFromZero => half >= 0 ? sign : 0,
        RoundingMode.HalfEven => half > 0 || (half == 0 && isOdd) ? sign : 0,
        RoundingMode.HalfUp => half > 0 || (half == 0 && sign > 0) ? sign : 0,
        RoundingMode.Up => sign > 0 ? 1 : 0,
        RoundingMode.Down => sign < 0 ? -1 : 0,
    };
}
