using System.Numerics;
using Metering.Billing.Tests.Rating.SecondOpinion;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>Credit that was given or bought, and what is written off.</summary>
internal sealed partial class LifeBooks
{
    public List<LifeGrant> Grants { get; } = [];

    /// <summary>What was bought and not used.</summary>
    public long Prepaid => Grants.Where(grant => grant.IsPaid).Sum(grant => grant.Left);

    /// <summary>What was bought and never used.</summary>
    public long Breakage { get; private set; }

    /// <summary>What was given away and used.</summary>
    public long Promotional => Standing().Sum(line => line.Promo - line.CreditedPromo);

    public void Give(long amount, string[]? components, int priority, DateTimeOffset from, DateTimeOffset? until) =>
        Grants.Add(new LifeGrant($"g{Grants.Count:00}", false, components, priority, from, until, _now, null) { Left = amount });

    public void Buy(long amount, string[]? components, int priority, DateTimeOffset from, DateTimeOffset? until)
    {
        LifeInvoice invoice = new(Invoices.Count, _now, [new LifeLine("", _now, _now, "grant", _now, _now, "purchase", amount) { Id = ++_lines }]) { IsPurchase = true };
        Settle(invoice, []);
        Invoices.Add(invoice);
        Grants.Add(new LifeGrant($"g{Grants.Count:00}", true, components, priority, from, until, _now, invoice) { Left = amount });
    }

    public void Expire(LifeGrant grant)
    {
        Breakage += grant.IsPaid ? grant.Left : 0;
        (grant.IsGone, grant.Left) = (true, 0);
    }

    public bool WriteOff(LifeInvoice invoice)
    {
        if (invoice.Remaining == 0 || invoice.IsWrittenOff)
        {
            return false;
        }

        return invoice.IsWrittenOff = true;
    }

    /// <summary>What is given away comes off the price, before tax.</summary>
    private List<LifeGrantUse> Promote(List<LifeLine> lines)
    {
        (List<LifeGrantUse> uses, long[] covered) = Cover(lines, [.. lines.Select(line => line.Net)], isPaid: false);
        lines.ForEach(line => line.Promo = covered[lines.IndexOf(line)]);
        return uses;
    }

    /// <summary>What was bought pays first, then the customer's credit; a total below zero becomes credit.</summary>
    private void Settle(LifeInvoice invoice, List<LifeGrantUse> promotions)
    {
        invoice.Promotions.AddRange(promotions);
        if (!invoice.IsPurchase && invoice.Total > 0)
        {
            invoice.PaidGrants.AddRange(Cover(invoice.Lines, [.. invoice.Lines.Select(line => line.Total)], isPaid: true).Uses);
        }

        long due = invoice.Total - invoice.PaidGrants.Sum(use => use.Amount);
        invoice.CreditUsed = Math.Max(0, Math.Min(Credit, due));
        invoice.Carried = Math.Max(0, -invoice.Total);
        Credit += invoice.Carried - invoice.CreditUsed;
        invoice.Remaining = Math.Max(0, due) - invoice.CreditUsed;
    }

    /// <summary>Grants one after the other, each on what is open of the lines that it covers, shared in proportion; never more than all lines come to.</summary>
    private (List<LifeGrantUse> Uses, long[] Covered) Cover(List<LifeLine> lines, long[] open, bool isPaid)
    {
        List<LifeGrantUse> uses = [];
        long[] covered = new long[open.Length];
        foreach (LifeGrant grant in Grants.Where(grant => grant.IsPaid == isPaid && grant.IsUsable)
            .OrderBy(grant => grant.Priority).ThenBy(grant => grant.Until ?? DateTimeOffset.MaxValue).ThenBy(grant => grant.At).ThenBy(grant => grant.Id, StringComparer.Ordinal))
        {
            long[] weights = [.. lines.Select((line, i) => grant.Covers(line) ? Math.Max(0, open[i] - covered[i]) : 0)];
            long amount = Math.Min(Math.Min(grant.Left, weights.Sum()), open.Sum() - covered.Sum());
            if (amount <= 0)
            {
                continue;
            }

            long[] parts = Remainders.Share(amount, [.. weights.Select(weight => new Ratio((BigInteger)amount * weight, weights.Sum()))]);
            covered = [.. covered.Zip(parts, (before, part) => before + part)];
            grant.Left -= amount;
            uses.Add(new LifeGrantUse(grant, amount));
        }

        return (uses, covered);
    }

    /// <summary>The last used gets back first. What has expired gets nothing: what was bought is credit then, what was given is gone.</summary>
    private long GiveBack(List<LifeGrantUse> uses, long amount)
    {
        foreach (LifeGrantUse use in Enumerable.Reverse(uses))
        {
            long back = Math.Min(use.Amount, amount);
            use.Amount -= back;
            amount -= back;
            if (IsOver(use.Grant))
            {
                Credit += use.Grant.IsPaid ? back : 0;
            }
            else
            {
                use.Grant.Left += back;
            }
        }

        return amount;
    }

    private bool IsOver(LifeGrant grant) => grant.IsGone || (grant.IsPaid && grant.Until <= _now);
}
