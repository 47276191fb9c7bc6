namespace Metering.Billing.Invoicing;

/// <summary>An invoice line as far as it can be credited.</summary>
/// <param name="Amount">After the invoice discount, before promotional grants; an inclusive tax is in it.</param>
/// <param name="Promotional">What promotional grants paid of it.</param>
public readonly record struct CreditableLine(Money Amount, Money Promotional, Money Tax, bool IsTaxInclusive);

/// <summary>What a credit note gives back of one invoice line.</summary>
/// <param name="Amount">Of the line's amount after the invoice discount; of its sign.</param>
/// <param name="Promotional">The part of it that a promotional grant had paid: it returns to the grant, not to the customer.</param>
/// <param name="Tax">At the line's own rate.</param>
/// <param name="Total">What the customer gets.</param>
public readonly record struct CreditNoteLine(Money Amount, Money Promotional, Money Tax, Money Total);

/// <summary>What of a line was credited before.</summary>
public readonly record struct CreditedLine(Money Amount, Money Promotional, Money Tax);

/// <summary>
/// The lines of a credit note. Promotional share and tax follow the credited amount in proportion, each as the rounded share of all that has
/// been credited minus what was given back before: a line credited in parts gives back exactly what it would at once.
/// </summary>
public static class CreditNote
{
    /// <param name="amount">Of the line's amount after the invoice discount, zero or more; more than is left to credit is cut to it.</param>
    public static CreditNoteLine Credit(CreditableLine billed, Money amount, CreditedLine before, RoundingMode rounding) =>
        Part(billed, Money.Max(Money.Min(amount, billed.Amount - before.Amount), Money.Zero(amount.Currency)), before, rounding);

    /// <summary>All that is left of a line; of one below zero too, because with the whole invoice its credits go as well.</summary>
    public static CreditNoteLine CreditRest(CreditableLine billed, CreditedLine before, RoundingMode rounding) => Part(billed, billed.Amount - before.Amount, before, rounding);

    /// <summary>Where the total goes: first it reduces what is open, then it returns to the paid grants that had settled, last to the customer's credit.</summary>
    /// <param name="open">What of the invoice is unpaid.</param>
    /// <param name="settledByGrants">In order of use; they are given back in reverse.</param>
    public static CreditNoteSettlement Settle(Money total, Money open, IReadOnlyList<SettledByGrant> settledByGrants)
    {
        Money fromOpen = Money.Min(total, open);
        Money left = total - fromOpen;
        Money toCredit = Money.Zero(total.Currency);
        List<(string Grant, Money Amount)> restored = [];
        List<(string Grant, Money Amount)> expired = [];
        foreach (SettledByGrant settled in settledByGrants.Reverse())
        {
            Money back = Money.Min(settled.Amount, left);
            left -= back;
            toCredit += settled.IsExpired ? back : Money.Zero(total.Currency);
            if (back.Sign > 0)
            {
                (settled.IsExpired ? expired : restored).Add((settled.Grant, back));
            }
        }

        return new CreditNoteSettlement(fromOpen, restored, expired, toCredit + left);
    }

    /// <summary>To which promotional grants their share returns: the last used first, each no more than it gave.</summary>
    /// <param name="used">In order of use, less what was given back before.</param>
    public static List<(string Grant, Money Amount)> Promotions(Money promotional, IReadOnlyList<(string Grant, Money Amount)> used)
    {
        List<(string Grant, Money Amount)> restored = [];
        foreach ((string grant, Money amount) in used.Reverse())
        {
            Money back = Money.Min(amount, promotional);
            promotional -= back;
            if (back.Sign > 0)
            {
                restored.Add((grant, back));
            }
        }

        return restored;
    }

    private static CreditNoteLine Part(CreditableLine billed, Money credited, CreditedLine before, RoundingMode rounding)
    {
        if (credited.IsZero)
        {
            return new CreditNoteLine(credited, credited, credited, credited);
        }

        Fraction share = (before.Amount + credited).Exact / billed.Amount.Exact;
        Money promotional = Money.Round(billed.Promotional.Exact * share, credited.Currency, rounding) - before.Promotional;
        Money tax = Money.Round(billed.Tax.Exact * share, credited.Currency, rounding) - before.Tax;
        Money total = credited - promotional + (billed.IsTaxInclusive ? Money.Zero(credited.Currency) : tax);
        return new CreditNoteLine(credited, promotional, tax, total);
    }
}

/// <param name="Amount">Used on the invoice and not yet given back.</param>
/// <param name="IsExpired">A returned grant keeps its expiry: what an expired one would get is the customer's credit.</param>
public readonly record struct SettledByGrant(string Grant, Money Amount, bool IsExpired);

/// <param name="ExpiredGrants">What had settled and would return to grants that have expired: it is in what goes to the customer's credit.</param>
public sealed record CreditNoteSettlement(
    Money ReducesOpen, IReadOnlyList<(string Grant, Money Amount)> RestoredGrants, IReadOnlyList<(string Grant, Money Amount)> ExpiredGrants, Money ToCustomerCredit);
