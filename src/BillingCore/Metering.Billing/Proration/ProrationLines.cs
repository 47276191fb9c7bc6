using Metering.Billing.Periods;

namespace Metering.Billing.Proration;

/// <summary>The line that comes of one charge.</summary>
internal static class ProrationLines
{
    /// <summary>Null when nothing comes of it.</summary>
    public static ProrationLine? Of(ProratedCharge charge, Earning earning)
    {
        TimeRange period = earning.Clock.Period;
        TimeRange part = period.Intersect(charge.Part);
        return (charge.Timing, charge.Billed) switch
        {
            (ChargeTiming.Usage, _) or (ChargeTiming.Once, not null) => null,
            (_, { } billed) => CreditOf(charge.Id, earning, new TimeRange(part.End, period.End), billed),
            (ChargeTiming.Once, null) => part.IsEmpty ? null : OnceOf(charge.Id, earning, part),
            (_, null) => part.IsEmpty ? null : PartOf(charge.Id, earning, part),
        };
    }

    private static ProrationLine OnceOf(string id, Earning earning, TimeRange part)
    {
        Money amount = Money.Round(earning.Net, earning.Currency, earning.Rounding);
        return new ProrationLine(id, ProrationKind.Charge, amount, earning.Net, part, Fraction.One, Capped: false, $"round({earning.Net}) = {amount}");
    }

    private static ProrationLine PartOf(string id, Earning earning, TimeRange part)
    {
        Money amount = earning.Of(part);
        return new ProrationLine(
            id, ProrationKind.Charge, amount, earning.Exact(part), part, earning.Clock.Share(part), Capped: false, ArithmeticOf(earning, part));
    }

    private static ProrationLine? CreditOf(string id, Earning earning, TimeRange unused, Billed billed)
    {
        if (unused.IsEmpty)
        {
            return null;
        }

        Money worth = earning.Of(unused);
        Money most = billed.Creditable;
        Money credit = Money.Max(Money.Zero(earning.Currency), Money.Min(worth, most));
        bool capped = worth > most;
        Fraction exact = capped ? most.Exact : earning.Exact(unused);
        string arithmetic = $"{ArithmeticOf(earning, unused)}; at most {most} = {billed.Net} − {billed.Credited}; credit {credit}";
        return credit.IsZero
            ? null
            : new ProrationLine(id, ProrationKind.Credit, -credit, -exact, unused, earning.Clock.Share(unused), capped, arithmetic);
    }

    internal static string ArithmeticOf(Earning earning, TimeRange part)
    {
        ProrationClock clock = earning.Clock;
        return clock.Unit == ProrationUnit.None
            ? $"round({earning.Net}) = {earning.Of(part)}"
            : $"{EarnedText(earning, part.End)} − {EarnedText(earning, part.Start)} = {earning.At(part.End)} − {earning.At(part.Start)} = {earning.Of(part)}";
    }

    private static string EarnedText(Earning earning, DateTimeOffset instant) =>
        FormattableString.Invariant($"round({earning.Net} × {earning.Clock.ElapsedAt(instant)} ÷ {earning.Clock.Full})");
}
