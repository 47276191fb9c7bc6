using Metering.Billing.Invoicing;

namespace Metering.Billing.Postgres.Invoices;

/// <param name="Reference">The caller's own name for it, used once for ever.</param>
/// <param name="Amount">Above zero, in the invoice's currency.</param>
public sealed record PaymentToTake(string Invoice, string Reference, Money Amount, PaymentMethod Method, DateTimeOffset ReceivedAt);

/// <param name="Applied">What of it paid the invoice.</param>
/// <param name="Excess">What was more than that, and is the customer's credit.</param>
/// <param name="Recovered">Whether the invoice had been written off.</param>
public sealed record PaymentRow(
    string Id, string Reference, string Invoice, string Customer, PaymentMethod Method, Money Amount, Money Applied, Money Excess, bool Recovered, DateTimeOffset ReceivedAt,
    DateTimeOffset CreatedAt);

/// <summary>What came of a change: a reason to refuse, or what it made.</summary>
public readonly record struct Change<T>(InvoiceRefusal Refusal, T? Made)
    where T : class
{
    public static implicit operator Change<T>(InvoiceRefusal refusal) => new(refusal, null);

    public static implicit operator Change<T>(T made) => new(InvoiceRefusal.None, made);
}
