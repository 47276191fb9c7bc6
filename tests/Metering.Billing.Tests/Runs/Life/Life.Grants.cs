using Metering.Billing.Ledger;
using Xunit;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>Credit, what is written off, and that the books balance whatever happens.</summary>
internal sealed partial class Life
{
    private void Grant()
    {
        switch (_random.Next(6))
        {
            case < 3:
                Credit(isPaid: _random.Next(3) == 0);
                break;
            case 3 or 4 when _books.Invoices.FindLast(one => one is { IsPurchase: true, IsVoid: false, Remaining: > 0 }) is { } sale:
                Pay(sale.Number, sale.Remaining);
                break;
            case 5 when _books.Grants.FindIndex(one => one.IsUsable && one.Until <= _now && one.Until <= _books.BilledTo) is >= 0 and var number:
                Say($"expire {number}");
                _seller.Expire(number, _now);
                _books.Expire(_books.Grants[number]);
                break;
        }
    }

    private void Credit(bool isPaid)
    {
        long cents = _random.Next(1, 20_000);
        string[]? components = Chance(2) ? null : [.. new[] { "base", "seats", "support", "calls", "other" }.Where(_ => Chance(2))];
        int priority = _random.Next(3);
        DateTimeOffset from = _now.AddDays(_random.Next(-60, 20));
        DateTimeOffset? until = Chance(3) ? null : _now.AddDays(_random.Next(1, 150));
        Say($"{(isPaid ? "sell" : "give")} credit {cents} of {(components is null ? "all" : string.Join(",", components))}, priority {priority}, {from:u} to {until:u}");
        if (isPaid)
        {
            _seller.Buy(cents, components?.ToHashSet(), priority, from, until, _now);
            _books.Buy(cents, components, priority, from, until);
        }
        else
        {
            _seller.Give(cents, components?.ToHashSet(), priority, from, until, _now);
            _books.Give(cents, components, priority, from, until);
        }
    }

    private void WriteOff(int number)
    {
        Say($"write off {number}");
        bool isDone = _seller.WriteOff(number);
        Assert.Equal(_books.WriteOff(_books.Invoices[number]), isDone);
        Assert.False(_seller.WriteOff(number));
    }

    /// <summary>After each step: what it has posted balances, so that any prefix does, and is not posted again.</summary>
    private void Balances(int before)
    {
        LedgerTransaction[] posted = [.. _seller.Ledger.Transactions.Skip(before)];
        Assert.All(posted, one => Assert.Equal(0, one.Entries.Sum(entry => entry.Signed)));
        Assert.Equal(0, _seller.Ledger.Transactions.SelectMany(one => one.Entries).Select(entry => entry.Account).Distinct().Sum(Debits));
        (IReadOnlyList<PostResult> again, GeneralLedger same) = _seller.Ledger.PostAll(posted, atomic: true);
        Assert.All(again, result => Assert.Equal(PostResult.AlreadyPosted, result));
        Assert.Same(_seller.Ledger, same);

        long Debits(Account account) => account.NormalSide == Direction.Debit ? _seller.Balance(account) : -_seller.Balance(account);
    }
}
