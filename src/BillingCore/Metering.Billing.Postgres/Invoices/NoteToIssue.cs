using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Tax;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>What a credit note is to give back.</summary>
public abstract record NotePart
{
    private protected NotePart()
    {
    }
}

/// <summary>Of a line of the invoice, with its share of promotional grants and its tax.</summary>
/// <param name="Line">Its number.</param>
/// <param name="Amount">Above zero, of the line after invoice discounts; null for all that is left of it.</param>
public sealed record LinePart(int Line, Money? Amount) : NotePart;

/// <summary>A difference that a correction found. It may be in a line that the invoice has not, and of either sign, as long as the note gives something back.</summary>
/// <param name="Amount">What is given back after discounts, before promotional grants; an inclusive tax is in it.</param>
/// <param name="Promotional">The part of it that returns to promotional grants.</param>
/// <param name="Rate">Of the line that differs; null when it bears no tax.</param>
public sealed record DifferencePart(
    TimeRange Period, string Key, string Component, LineRecognition Recognition, Money Amount, Money Promotional, Money Tax, TaxRate? Rate) : NotePart
{
    public bool IsTaxInclusive => Rate is { IsInclusive: true };
}

/// <summary>A credit note that is wanted.</summary>
/// <param name="Cause">Within the invoice the identity of the note: <c>reference:…</c>, <c>correction:…</c>. The same again is the same note.</param>
/// <param name="Parts">Null for all that is left of the invoice.</param>
/// <param name="Refunds">Whether what reduces nothing is sent back, and not kept as customer credit.</param>
public sealed record NoteToIssue(string Invoice, string Cause, string Reason, IReadOnlyList<NotePart>? Parts, bool Refunds)
{
    public string IdIn(string tenant) => DerivedId.Of("cn", tenant, Invoice, Cause);
}
