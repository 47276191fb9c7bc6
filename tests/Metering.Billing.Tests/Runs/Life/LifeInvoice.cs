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

    public long Credited { get; set; }

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

    public long Total => Net + (Rate is { IsInclusive: false } ? Tax : 0);

    public long WithoutTax => Net - (Rate is { IsInclusive: true } ? Tax : 0);

    public long Left => Total - Credited - (Rate is { IsInclusive: false } ? CreditedTax : 0);
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

    public bool IsWaived { get; set; }
}
