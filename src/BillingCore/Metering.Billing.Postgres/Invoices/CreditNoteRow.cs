using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Tax;

namespace Metering.Billing.Postgres.Invoices;

/// <param name="Amount">Σ of its lines, after discounts and before promotional grants.</param>
/// <param name="Total">What the customer gets.</param>
/// <param name="Reduced">What of it was taken off what was open.</param>
/// <param name="Restored">What of it returned to paid grants.</param>
/// <param name="Rest">What of it is customer credit, or is refunded.</param>
public sealed record CreditNoteRow(
    string Id, string Invoice, string Cause, string Customer, string Number, bool IsVoid, string Reason, Money Amount, Money Promotional, Money Tax, Money Total, Money Reduced, Money Restored,
    bool Refunds, Money Rest, DateTimeOffset IssuedAt, DateTimeOffset? VoidedAt, string? VoidReason);

/// <param name="Number">From 1, of the note.</param>
/// <param name="Line">Number of the invoice line; null for a difference in a line that the invoice has not.</param>
/// <param name="OwnRate">Of such a line; null for one without tax, and where the invoice's line has the rate.</param>
public sealed record CreditNoteLineRow(
    string Note, int Number, string Invoice, int? Line, string? Subscription, TimeRange Period, string Key, string Component, LineRecognition Recognition, Money Amount, Money Promotional, Money Tax,
    bool IsTaxInclusive, Money Total, TaxRate? OwnRate)
{
    public string Id => LineId.Of(Note, Number);
}
