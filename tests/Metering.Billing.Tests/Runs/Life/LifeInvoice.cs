namespace Metering.Billing.Tests.Runs.Life;

/// <summary>A line as it was issued, in cents.</summary>
/// <param name="Kind">advance, arrears or once.</param>
/// <param name="Amount">Before discounts of the invoice.</param>
internal sealed record LifeLine(string Component, DateTimeOffset First, DateTimeOffset Last, string Key, DateTimeOffset From, DateTimeOffset To, string Kind, long Amount)
{
    public int Id { get; init; }

    public string Category { get; init; } = "";

    /// <summary>The line whose rate it has, for a difference; its own is none.</summary>
    public LifeLine? Corrects { get; init; }

    /// <summary>Its rate is not that of the day of the invoice.</summary>
    public bool HasRate { get; init; }

    public LifeRate? Rate { get; set; }

    public long Discount { get; set; }

    public long Tax { get; set; }

    /// <summary>What grants that were given away paid of it.</summary>
    public long Promo { get; set; }

    public long Credited { get; set; }

    public long CreditedPromo { get; set; }

    public long CreditedTax { get; set; }

    /// <summary>Of it, what was revenue before it was invoiced.</summary>
    public long Accrued { get; init; }

    /// <summary>It waited for its invoice.</summary>
    public bool WasPending { get; init; }

    /// <summary>No invoice could bear it.</summary>
    public bool IsRest { get; init; }

    /// <summary>A difference that a correction found: its discount is in it.</summary>
    public bool IsDifference { get; init; }

    public long Net => Amount - Discount;

    public long Total => Net - Promo + (Rate is { IsInclusive: false } ? Tax : 0);

    public long WithoutTax => Net - (Rate is { IsInclusive: true } ? Tax : 0);

    /// <summary>What the customer owes or has paid of it still.</summary>
    public long Payable => Total - Credited + CreditedPromo - (Rate is { IsInclusive: false } ? CreditedTax : 0);

    /// <summary>The same with what grants paid of it, and the tax that it would have without them.</summary>
    public long Left => Promo == 0 ? Payable : Net - Credited + (Rate is { IsInclusive: false } rate ? LifeTax.Cents(LifeTax.Of(rate, Net - Credited)) : 0);
}

internal sealed class LifeInvoice(int number, DateTimeOffset dueAt, List<LifeLine> lines)
{
    public int Number => number;

    public DateTimeOffset DueAt => dueAt;

    public List<LifeLine> Lines => lines;

    /// <summary>What its notes gave back of lines that it does not have; below zero.</summary>
    public List<LifeLine> Others { get; } = [];

    public long Total => lines.Sum(line => line.Total);

    public long Notes { get; set; }

    public bool HasNotes { get; set; }

    public bool HasPayments { get; set; }

    public long Remaining { get; set; }

    public long CreditUsed { get; set; }

    public long Carried { get; set; }

    public bool IsVoid { get; set; }

    /// <summary>It sells a grant.</summary>
    public bool IsPurchase { get; init; }

    public bool IsWrittenOff { get; set; }

    /// <summary>In the order of use.</summary>
    public List<LifeGrantUse> Promotions { get; } = [];

    public List<LifeGrantUse> PaidGrants { get; } = [];

    public bool IsWaived { get; set; }
}
