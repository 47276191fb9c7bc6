namespace Metering.Billing.Invoicing;

/// <summary>What a credit note gives back of one invoice line.</summary>
/// <param name="Line">Index of the invoice line.</param>
/// <param name="Amount">Of the line's amount after the invoice discount, zero or more.</param>
/// <param name="Promotional">The part of it that a promotional grant had paid: it returns to the grant, not to the customer.</param>
/// <param name="Tax">At the line's own rate.</param>
/// <param name="Total">What the customer gets.</param>
public sealed record CreditNoteLine(int Line, Money Amount, Money Promotional, Money Tax, Money Total);

/// <summary>What of a line was credited before.</summary>
public readonly record struct CreditedLine(Money Amount, Money Promotional, Money Tax);

/// <summary>
/// The lines of a credit note. Promotional share and tax follow the credited amount in proportion, each as the rounded share of all that has
/// been credited minus what was given back before: a line credited in parts gives back exactly what it would at once.
/// </summary>
public static class CreditNote
{
    /// <param name="amount">Of the line's amount after the invoice discount; more than is left to credit is cut to it.</param>
    public static CreditNoteLine CreditLine(Invoice invoice, int line, Money amount, CreditedLine before, RoundingMode rounding)
    {
        InvoiceLine billed = invoice.Lines[line];
        Money whole = billed.Amount - billed.Discount;
        Money credited = Money.Max(Money.Min(amount, whole - before.Amount), Money.Zero(invoice.Currency));
        if (credited.IsZero)
        {
            return new CreditNoteLine(line, credited, credited, credited, credited);
        }

        Fraction share = (before.Amount + credited).Exact / whole.Exact;
        Money promotional = Money.Round(billed.Promotional.Exact * share, invoice.Currency, rounding) - before.Promotional;
        Money tax = Money.Round(billed.Tax.Exact * share, invoice.Currency, rounding) - before.Tax;
        Money total = credited - promotional + (billed.TaxRate is { IsInclusive: false } ? tax : Money.Zero(invoice.Currency));
        return new CreditNoteLine(line, credited, promotional, tax, total);
    }

    /// <summary>Where the total goes: first it reduces what is open, then it returns to the paid grants that had settled, last to the customer's credit.</summary>
    /// <param name="open">What of the invoice is unpaid.</param>
    /// <param name="settledByGrants">In order of use; they are given back in reverse.</param>
    public static CreditNoteSettlement Settle(Money total, Money open, IReadOnlyList<SettledByGrant> settledByGrants)
    {
        Money fromOpen = Money.Min(total, open);
        Money left = total - fromOpen;
        Money toCredit = Money.Zero(total.Currency);
        List<(string Grant, Money Amount)> restored = [];
        foreach (SettledByGrant settled in settledByGrants.Reverse())
        {
            Money back = Money.Min(settled.Amount, left);
            left -= back;
            if (settled.IsExpired)
            {
                toCredit += back;
            }
            else if (back.Sign > 0)
            {
                restored.Add((settled.Grant, back));
            }
        }

        return new CreditNoteSettlement(fromOpen, restored, toCredit + left);
    }
}

/// <param name="Amount">Used on the invoice and not yet given back.</param>
/// <param name="IsExpired">A returned grant keeps its expiry: what an expired one would get is the customer's credit.</param>
public readonly record struct SettledByGrant(string Grant, Money Amount, bool IsExpired);

public sealed record CreditNoteSettlement(Money ReducesOpen, IReadOnlyList<(string Grant, Money Amount)> RestoredGrants, Money ToCustomerCredit);
