using CsCheck;
using Metering.Billing.Ledger;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Tests.Periods;
using Metering.Billing.Tests.Zones;
using Metering.Billing.Zones;
using Xunit;

namespace Metering.Billing.Tests.Ledger;

public class LedgerLawTests
{
    private static readonly Currency[] s_currencies = [Currency.Of("USD"), Currency.Of("JPY")];
    private static readonly Account[] s_accounts =
    [
        Account.OfTenant(AccountKind.Bank), Account.OfTenant(AccountKind.Revenue), Account.OfTenant(AccountKind.RefundsPayable),
        Account.OfCustomer(AccountKind.Receivable, "c"), Account.OfCustomer(AccountKind.CustomerCredit, "c"), Account.PrepaidOf("c", "g"),
    ];

    /// <summary>One transaction: a key out of a few, so that keys meet; a reversal of an earlier one, or entries with any amounts.</summary>
    private static readonly Gen<(int Key, bool Reverses, int Target, (int Debit, int Credit, int Currency, int Amount)[] Moves)> s_command =
        Gen.Select(Gen.Int[0, 12], Gen.Int[0, 3].Select(number => number == 0), Gen.Int[0, 12], Gen.Select(Gen.Int[0, 5], Gen.Int[0, 5], Gen.Int[0, 1], Gen.Int[1, 50]).Array[1, 3]);

    [Fact]
    public void Every_prefix_of_any_history_sums_to_zero_and_overdraws_nobody() =>
        s_command.Array[1, 40].Sample(
            commands =>
            {
                GeneralLedger ledger = GeneralLedger.Empty;
                foreach ((int key, bool reverses, int target, (int, int, int, int)[] moves) in commands)
                {
                    if (Make(ledger, key, reverses, target, moves) is not { } transaction)
                    {
                        continue;
                    }

                    (PostResult result, GeneralLedger after) = ledger.Post(transaction);
                    Assert.Equal(result == PostResult.Posted ? 1 : 0, after.Transactions.Count - ledger.Transactions.Count);
                    Assert.True(result != PostResult.Posted || after.Post(transaction).Result == PostResult.AlreadyPosted);
                    ledger = after;
                    AssertSound(ledger);
                }
            },
            iter: CaseCount.Of(1_000));

    [Fact]
    public void A_reversal_restores_every_balance() =>
        s_command.Array[2, 20].Sample(
            commands =>
            {
                GeneralLedger ledger = GeneralLedger.Empty;
                foreach ((int key, _, _, (int, int, int, int)[] moves) in commands)
                {
                    LedgerTransaction transaction = Make(ledger, key, false, 0, moves)!;
                    (PostResult result, GeneralLedger after) = ledger.Post(transaction);
                    if (result == PostResult.Posted)
                    {
                        (PostResult undone, GeneralLedger restored) = after.Post(LedgerTransaction.Reversal($"{key}:back", Postings.Today, [transaction], "undo"));
                        Assert.Equal(PostResult.Posted, undone);
                        Assert.Equal(Balances(ledger), Balances(restored));
                    }

                    ledger = after;
                }
            },
            iter: CaseCount.Of(1_000));

    /// <summary>The parts of a line by calendar month, in any zone, sum to it, and are never of the other sign.</summary>
    [Fact]
    public void Recognised_months_sum_to_the_line() =>
        Gen.Select(Gen.OneOf(PeriodLawTests.Zones), Gen.Int[0, 365 * 40], Gen.Int[0, 800_000], Gen.Long[-1_000_000, 1_000_000], Gen.OneOf(ProrationUnit.Day, ProrationUnit.Second)).Sample(
            (zone, day, minutes, cents, unit) =>
            {
                DateTimeOffset start = Instants.Utc("1990-01-01T00:00Z").AddDays(day);
                Money line = Postings.Usd(cents);
                IReadOnlyList<MonthEarned> months = Recognition.Schedule(line, new TimeRange(start, start.AddMinutes(minutes)), TzdbZones.Instance.Find(zone)!, unit);
                Assert.Equal(line, months.Aggregate(Postings.Usd(0), (sum, month) => sum + month.Amount));
                Assert.All(months, month => Assert.True(month.Amount.Sign * line.Sign >= 0));
                Assert.Distinct(months.Select(month => month.Month));
            },
            iter: CaseCount.Of(5_000));

    /// <summary>300.00 for 10 January to 10 April in New York: 22, 28, 31 and 9 of 90 days are 73.33, 93.33, 103.33 and 30.00, and 73.33 + 93.34 + 103.33 + 30.00 by Earned.</summary>
    [Fact]
    public void Revenue_follows_the_calendar_months_of_the_customer()
    {
        ZoneRules zone = TzdbZones.Instance.Find("America/New_York")!;
        TimeRange service = new(zone.StartOf(new DateOnly(2026, 1, 10)), zone.StartOf(new DateOnly(2026, 4, 10)));
        Assert.Equal(
            ["2026-01 73.33 2026-01-31", "2026-02 93.34 2026-02-28", "2026-03 103.33 2026-03-31", "2026-04 30.00 2026-04-30"],
            Recognition.Schedule(Postings.Usd(30000), service, zone, ProrationUnit.Day).Select(month => $"{month.Month:yyyy-MM} {month.Amount} {month.LastDay:yyyy-MM-dd}"));
    }

    [Fact]
    public void A_service_within_one_date_is_earned_in_its_month() =>
        Assert.Equal(
            [new MonthEarned(new DateOnly(2026, 1, 1), Postings.Usd(500))],
            Recognition.Schedule(Postings.Usd(500), new TimeRange(Instants.Utc("2026-01-31T08:00Z"), Instants.Utc("2026-01-31T20:00Z")), TzdbZones.Instance.Find("UTC")!, ProrationUnit.Day));

    private static LedgerTransaction? Make(GeneralLedger ledger, int key, bool reverses, int target, (int Debit, int Credit, int Currency, int Amount)[] moves)
    {
        if (reverses)
        {
            return ledger.Transactions.Count == 0 ? null : LedgerTransaction.Reversal($"r{key}", Postings.Today, [ledger.Transactions[target % ledger.Transactions.Count]], "undo");
        }

        return LedgerTransaction.Create($"{key}", Postings.Today, moves.SelectMany(move => new[]
        {
            new Entry(s_accounts[move.Debit], Direction.Debit, new Money(move.Amount, s_currencies[move.Currency])),
            new Entry(s_accounts[move.Credit], Direction.Credit, new Money(move.Amount, s_currencies[move.Currency])),
        }));
    }

    /// <summary>Recomputed from the entries, which are the truth.</summary>
    private static void AssertSound(GeneralLedger ledger)
    {
        foreach (Currency currency in s_currencies)
        {
            Entry[] entries = [.. ledger.Transactions.SelectMany(one => one.Entries).Where(entry => entry.Amount.Currency == currency)];
            Assert.Equal(0, entries.Sum(entry => entry.Signed));
            foreach (Account account in s_accounts)
            {
                long debits = entries.Where(entry => entry.Account == account).Sum(entry => entry.Signed);
                Assert.Equal(account.NormalSide == Direction.Debit ? debits : -debits, ledger.BalanceOf(account, currency).MinorUnits);
                Assert.False(account.RefusesOverdraft && debits > 0, $"{account}");
            }
        }
    }

    private static string Balances(GeneralLedger ledger) =>
        string.Join(' ', s_currencies.SelectMany(currency => s_accounts.Select(account => ledger.BalanceOf(account, currency).ToString())));
}
