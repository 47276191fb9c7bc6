using Metering.Billing.Tax;

namespace Metering.Billing.Postgres.Customers;

/// <summary>Who is billed.</summary>
/// <param name="Currency">Null: whatever its subscriptions have.</param>
/// <param name="Zone">IANA name. Its subscriptions take it when they are made, and follow it from their next boundary.</param>
/// <param name="PaymentTermDays">From the issue of an invoice to its due date.</param>
/// <param name="AppliesCredit">Whether customer credit pays invoices when they are finalised.</param>
/// <param name="Metadata">A JSON object of the caller's own.</param>
/// <param name="Revision">Counts its changes.</param>
/// <param name="GraceDays">From the due date to the end of the grace, in which service goes on.</param>
public sealed record Customer(
    string Key, string Name, Currency? Currency, string Zone, int PaymentTermDays, TaxStatus TaxStatus, bool AppliesCredit, string Metadata, long Revision,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int GraceDays, DateTimeOffset? ArchivedAt);
