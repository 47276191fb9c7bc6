using Metering.Billing.Periods;

namespace Metering.Billing.Proration;

/// <summary>When a charge is billed, which also says whether its time can be cut.</summary>
public enum ChargeTiming
{
    /// <summary>At the start of the period, for all of it.</summary>
    Advance,

    /// <summary>After the period.</summary>
    Arrears,

    /// <summary>Once, in full.</summary>
    Once,

    /// <summary>By what was used. It is split at the minute of a change and never prorated.</summary>
    Usage,
}

/// <summary>What a line was billed with, and what was given back of it before.</summary>
/// <param name="Net">After discounts, without tax.</param>
/// <param name="Credited">Above zero when something was given back.</param>
/// <param name="OnVoidInvoice">Whether its invoice was voided: nothing is left to credit then.</param>
public readonly record struct Billed(Money Net, Money Credited, bool OnVoidInvoice = false)
{
    /// <summary>The most that a credit may still be; never below zero.</summary>
    public Money Creditable => OnVoidInvoice ? Money.Zero(Net.Currency) : Money.Max(Money.Zero(Net.Currency), Net - Credited);
}

/// <summary>One charge of a period in which something changes.</summary>
/// <param name="Id">Names it in the lines that come of it.</param>
/// <param name="Amount">For the full period; of either sign.</param>
/// <param name="Part">When it is in force. What lies outside the period does not count.</param>
/// <param name="Billed">Given when the charge was billed for the whole period and ends: the part of the period after it is then credited.</param>
public sealed record ProratedCharge(string Id, Fraction Amount, ChargeTiming Timing, TimeRange Part, Billed? Billed = null)
{
    /// <summary>Whether its amount says something of the price of the period, so that old and new can be compared by it.</summary>
    public bool Recurs => Timing is ChargeTiming.Advance or ChargeTiming.Arrears;
}
