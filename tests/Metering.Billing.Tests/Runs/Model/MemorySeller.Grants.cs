using Metering.Billing.Credits;
using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Periods;
using Metering.Billing.Tax;
using CreditUse = Metering.Billing.Credits.GrantUse;

namespace Metering.Billing.Tests.Runs.Model;

/// <summary>Credit that is given away or bought, and what is written off.</summary>
internal sealed partial class MemorySeller
{
    public List<MemoryGrant> Grants { get; } = [];

    public void Give(long cents, IReadOnlySet<string>? components, int priority, DateTimeOffset from, DateTimeOffset? until, DateTimeOffset now) =>
        Grants.Add(new MemoryGrant(NewGrant(GrantKind.Promotional, cents, components, priority, from, until, now), soldBy: null));

    /// <summary>An invoice of its own, of one line without tax; the grant is usable once that is paid.</summary>
    public void Buy(long cents, IReadOnlySet<string>? components, int priority, DateTimeOffset from, DateTimeOffset? until, DateTimeOffset now)
    {
        _now = now;
        Grant grant = NewGrant(GrantKind.Paid, cents, components, priority, from, until, now);
        GrantPurchase line = new()
        {
            Key = $"grant:{grant.Id}",
            Period = new TimeRange(now, now),
            Service = new TimeRange(now, now),
            Recognition = LineRecognition.GrantPurchase,
            Amount = grant.Remaining,
            Grant = grant.Id,
        };
        MemoryInvoice invoice = Issue([line], [], [], [], new TaxTerms(TaxStatus.Taxable, now, []), now, isPurchase: true);
        Grants.Add(new MemoryGrant(grant, invoice));
        SoldBy(invoice);
    }

    /// <summary>What is left of a grant is gone: of one that was bought it is ours.</summary>
    public void Expire(int number, DateTimeOffset now)
    {
        _now = now;
        MemoryGrant grant = Grants[number];
        if (grant.IsPaid)
        {
            Post(GrantPostings.Expired(grant.Id, Customer, grant.Remaining, Booking));
        }

        grant.End();
    }

    /// <summary>False when it is refused.</summary>
    public bool WriteOff(int number)
    {
        MemoryInvoice invoice = Invoices[number];
        if (InvoiceLife.WriteOff(invoice.State) is not InvoiceRefusal.None)
        {
            return false;
        }

        Post(InvoicePostings.WrittenOff(invoice.Id, Customer, invoice.Remaining, Booking));
        invoice.State = InvoiceState.Uncollectible;
        return true;
    }

    private Grant NewGrant(GrantKind kind, long cents, IReadOnlySet<string>? components, int priority, DateTimeOffset from, DateTimeOffset? until, DateTimeOffset now) =>
        new($"g{Grants.Count:00}", kind, new Money(cents, s_usd), components, priority, from, until, now, IsUsable: kind == GrantKind.Promotional);

    private IEnumerable<Grant> Usable(GrantKind kind) => Grants.Where(grant => grant.IsPaid == (kind == GrantKind.Paid)).Select(grant => grant.AsGrant());

    private List<MemoryUse> Use(IEnumerable<CreditUse> uses)
    {
        List<MemoryUse> used = [];
        foreach (CreditUse use in uses)
        {
            MemoryGrant grant = Grants.Single(one => one.Id == use.Grant);
            grant.Remaining -= use.Amount;
            used.Add(new MemoryUse(grant, use.Amount));
        }

        return used;
    }

    /// <summary>What an invoice sells can be used once nothing of it is left to pay.</summary>
    private void SoldBy(MemoryInvoice invoice)
    {
        if (invoice.State == InvoiceState.Paid && Grants.Find(grant => grant.SoldBy == invoice) is { } sold)
        {
            sold.IsUsable = true;
        }
    }
}
