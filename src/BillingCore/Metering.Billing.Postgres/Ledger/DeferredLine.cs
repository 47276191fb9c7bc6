using Metering.Billing.Periods;
using Metering.Billing.Proration;

namespace Metering.Billing.Postgres.Ledger;

/// <summary>A line whose amount went into Deferred, to be recognised month by month.</summary>
/// <param name="Line">Its id: <c>invoice/n</c>.</param>
/// <param name="Corrects">The line that it takes back.</param>
/// <param name="Amount">What its invoice or credit note put into Deferred; below zero when it takes back.</param>
/// <param name="Service">Its service time.</param>
/// <param name="Zone">The customer's, whose calendar months count.</param>
public sealed record DeferredLine(string Line, string? Corrects, string Customer, Money Amount, TimeRange Service, string Zone, ProrationUnit Unit);
