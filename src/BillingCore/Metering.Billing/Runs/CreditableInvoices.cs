using Metering.Billing.Corrections;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;

namespace Metering.Billing.Runs;

/// <summary>What is left to credit of the invoices that billed a period: of their lines of it, and not more than of the whole invoice.</summary>
public static class CreditableInvoices
{
    /// <param name="issued">All lines of the subscription, in the order of their issue.</param>
    public static IssuedInvoice[] Of(IEnumerable<IssuedLine> issued, TimeRange period) =>
    [
        .. issued.Where(line => !line.IsVoid && line.Recognition != LineRecognition.GrantPurchase).ToLookup(line => line.Invoice)
            .Where(invoice => invoice.Any(line => line.Period == period))
            .Select((invoice, i) => new IssuedInvoice(invoice.Key, DateTimeOffset.UnixEpoch.AddTicks(i), Bears(invoice, period, line => line.Left)) // in the order of their issue
            {
                Payable = Bears(invoice, period, line => line.Payable),
                Promoted = invoice.DistinctBy(line => line.Identity).Where(line => line.Promotional.Sign > 0).ToDictionary(line => line.Identity, line => (
                    new CreditableLine(line.Net, line.Promotional, line.Tax, line.TaxRate is { IsInclusive: true }), new CreditedLine(line.Credited, line.CreditedPromotional, line.CreditedTax))),
            }),
    ];

    private static Money Bears(IEnumerable<IssuedLine> invoice, TimeRange period, Func<IssuedLine, Money> left)
    {
        Money zero = Money.Zero(invoice.First().Amount.Currency);
        return Money.Max(zero, Money.Min(Sum(invoice.Where(line => line.Period == period)), Sum(invoice)));

        Money Sum(IEnumerable<IssuedLine> lines) => lines.Aggregate(zero, (sum, line) => sum + left(line));
    }
}
