namespace Metering.BillingCore.Runs;

/// <param name="Subscriptions">Looked at.</param>
/// <param name="Invoices">Issued.</param>
/// <param name="Waiting">Drafts whose usage is not complete, or that cannot be priced.</param>
internal readonly record struct RunTally(int Subscriptions, int Invoices, int Waiting)
{
    public static RunTally operator +(RunTally one, RunTally other) => new(one.Subscriptions + other.Subscriptions, one.Invoices + other.Invoices, one.Waiting + other.Waiting);
}
