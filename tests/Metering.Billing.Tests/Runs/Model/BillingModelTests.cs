using CsCheck;
using Metering.Billing.Ledger;
using Metering.Billing.Periods;
using Metering.Billing.Subscriptions;
using Xunit;

namespace Metering.Billing.Tests.Runs.Model;

/// <summary>
/// Random lives of a subscription over two years, with usage, runs, payments and credit notes at random instants, against <see cref="SlowBill"/> and <see cref="SlowBooks"/>: every
/// invoice and every balance, to the cent, after every command; and every command twice.
/// </summary>
public sealed class BillingModelTests
{
    private static readonly Dictionary<string, string> s_plans = new(StringComparer.Ordinal)
    {
        ["lite"] = "base 5 advance, seats 7.99 advance x{0}, support 12.5 arrears, calls 1 usage tiered",
        ["basic"] = "base 30 advance, seats 7.99 advance x{0}, support 12.5 arrears, calls 1 usage tiered",
        ["pro"] = "base 99.99 advance, seats 5.01 advance x{0}, support 77.77 arrears, calls 3 usage tiered free5 min4",
        ["max"] = "base 99.99 advance, seats 5.01 advance x{0}, support 12.5 arrears, calls 2.5 usage package4",
    };

    private static readonly Dictionary<string, Tariff> s_tariffs = new(StringComparer.Ordinal)
    {
        ["lite"] = new Tariff(500, 799, 1250, new SlowUsage(100, 0, 0, 0)),
        ["basic"] = new Tariff(3000, 799, 1250, new SlowUsage(100, 0, 0, 0)),
        ["pro"] = new Tariff(9999, 501, 7777, new SlowUsage(300, 0, 5, 400)),
        ["max"] = new Tariff(9999, 501, 1250, new SlowUsage(250, 4, 0, 0)),
    };

    private static readonly Gen<Command> s_command = Gen.Select(
        Gen.Frequency((6, Gen.Const(0)), (3, Gen.Const(1)), (1, Gen.Const(2)), (1, Gen.Const(3)), (4, Gen.Const(4)), (3, Gen.Const(5)), (2, Gen.Const(6)), (2, Gen.Const(7)), (1, Gen.Const(8)), (2, Gen.Const(9))),
        Gen.Frequency((2, Gen.Const(0)), (3, Gen.Int[0, 20]), (1, Gen.Int[20, 50])), Gen.Int[0, 1439], Gen.Int[0, 10_000], Gen.Int[0, 10_000],
        (what, days, minutes, first, second) => new Command(what, days, minutes, first, second));

    private static readonly Gen<(int Kind, int Day, Command[] Commands)> s_life = Gen.Select(Gen.Int[0, 15], Gen.Int[0, 364], s_command.Array[5, 60]);

    [Fact]
    public void Every_invoice_and_balance_is_what_the_rules_say_after_every_command() =>
        s_life.Sample(life => new Run(life.Kind, life.Day).Live(life.Commands), iter: CaseCount.Of(300), threads: 1, print: Print);

    private static string Print((int Kind, int Day, Command[] Commands) life) => $"{life.Kind}, {life.Day}: {string.Join("; ", life.Commands.Select(one => $"{one.What} {one.Days}d{one.Minutes} {one.First} {one.Second}"))}";

    /// <param name="Days">That pass before it.</param>
    private sealed record Command(int What, int Days, int Minutes, int First, int Second);

    private sealed class Run
    {
        private readonly Story _story;
        private readonly MemorySeller _seller;
        private readonly SlowBill _bill;
        private readonly SlowBooks _books;
        private DateTimeOffset _now;

        public Run(int kind, int day)
        {
            (bool isCalendar, bool isBerlin) = ((kind & 1) != 0, (kind & 2) != 0);
            DateTimeOffset start = Story.At("2026-01-01").AddDays(day).AddMinutes(day * 37 % 1440);
            _now = (kind & 4) != 0 ? start.AddDays(40) : start;
            bool hasTrial = kind >= 12;
            _story = new Story { Anchor = isCalendar ? AnchorRule.Calendar : AnchorRule.Anniversary, Zone = isBerlin ? "Europe/Berlin" : "UTC" };
            _story.Start(Terms("basic", 2), SlowBill.Text(start), SlowBill.Text(_now), hasTrial ? SlowBill.Text(start.AddDays(50)) : null);
            _bill = new SlowBill(s_tariffs, isCalendar, isBerlin);
            _bill.Add(new SlowFact(start, hasTrial ? Doing.Trial : Doing.Active, "basic", 2));
            _books = new SlowBooks(_bill, _now);
            _seller = new MemorySeller(_story);
        }

        public void Live(Command[] commands)
        {
            foreach (Command command in commands)
            {
                _now = _now.AddDays(command.Days).AddMinutes(command.Minutes);
                Tick();
                Do(command);
                Compare();
            }

            _now = _now.AddMonths(2);
            Tick();
            Bill();
            CorrectAll();
            CorrectAll();
            (IReadOnlyList<PostResult> again, GeneralLedger same) = _seller.Ledger.PostAll(_seller.Ledger.Transactions, atomic: true);
            Assert.All(again, result => Assert.Equal(PostResult.AlreadyPosted, result));
            Assert.Same(_seller.Ledger, same);
        }

        /// <summary>Whether anything happened to a period or not: what is right stays as it is.</summary>
        private void CorrectAll()
        {
            _seller.Touch(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
            _books.Touch(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
            Correct();
            Compare();
        }

        private SubscriptionTerms Terms(string plan, int seats) => _story.Plan(plan, string.Format(System.Globalization.CultureInfo.InvariantCulture, s_plans[plan], seats));

        /// <summary>Trials end by the clock.</summary>
        private void Tick()
        {
            if (_story.Now is { State: SubscriptionState.Trialing, TrialEnd: { } end } && end <= _now)
            {
                _story.Tick(SlowBill.Text(_now));
                Record(end, Doing.Active, _bill.Facts[^1].Plan, _bill.Facts[^1].Seats);
            }
        }

        private void Do(Command command)
        {
            switch (command.What)
            {
                case 0:
                    Use(_now.AddMinutes(-command.First), command.Second - 2000);
                    break;
                case 1:
                    Change(At(command), s_plans.Keys.ElementAt(command.Second % 4), command.Second % 5);
                    break;
                case 2 when At(command) > _story.Now.LastAt:
                    Pause(At(command));
                    break;
                case 3:
                    if (command.Second % 3 == 0)
                    {
                        Cancel(At(command));
                    }

                    break;
                case 4:
                    Bill();
                    break;
                case 5:
                    Correct();
                    break;
                case 6 when _books.Invoices.Count > 0:
                    Pay(command.First % _books.Invoices.Count, command.Second + 1);
                    break;
                case 7:
                    Use(_now.AddDays(-60).AddMinutes(command.First), command.Second - 5000);
                    break;
                case 8:
                    GiveBack(command.First, command.Second);
                    break;
                case 9:
                    Resume(At(command));
                    break;
            }
        }

        /// <summary>Now, or up to a hundred days ago if nothing was recorded since.</summary>
        private DateTimeOffset At(Command command)
        {
            DateTimeOffset back = command.First % 3 == 0 ? _now.AddMinutes(-command.First * 14) : _now;
            return back < _story.Now.LastAt ? _story.Now.LastAt!.Value : back;
        }

        private void Use(DateTimeOffset at, int milli)
        {
            _story.Use("calls", SlowBill.Text(at), $"{milli / 1000m}");
            _bill.Use(at, milli);
            if (at < _books.BilledTo)
            {
                _seller.Touch(at, at.AddMinutes(1));
                _books.Touch(at, at.AddMinutes(1));
            }
        }

        private void Change(DateTimeOffset at, string plan, int seats) =>
            Decide(_story.Now.Change(Terms(plan, seats), at), at, _bill.Facts[^1].Doing, plan, seats);

        private void Pause(DateTimeOffset at) => Decide(_story.Now.PauseAt(at, null, null, keepsAdvance: false), at, Doing.Paused, _bill.Facts[^1].Plan, _bill.Facts[^1].Seats);

        private void Resume(DateTimeOffset at) => Decide(_story.Now.Resume(at, Standing.Good), at, Doing.Active, _bill.Facts[^1].Plan, _bill.Facts[^1].Seats);

        private void Cancel(DateTimeOffset at) => Decide(_story.Now.Cancel(at), at, Doing.Ended, _bill.Facts[^1].Plan, _bill.Facts[^1].Seats);

        private void Decide(Decision decision, DateTimeOffset at, Doing doing, string plan, int seats)
        {
            if (decision.IsApplied)
            {
                _story.Do(decision);
                Record(at, doing, plan, seats);
            }
        }

        private void Record(DateTimeOffset at, Doing doing, string plan, int seats)
        {
            _bill.Add(new SlowFact(at, doing, plan, seats));
            if (at < _books.BilledTo)
            {
                _seller.Touch(at, DateTimeOffset.MaxValue);
                _books.Touch(at, DateTimeOffset.MaxValue);
            }
        }

        private void Bill()
        {
            _seller.Bill(_now);
            _books.Bill(_now);
            Assert.Equal(0, _seller.Bill(_now));
        }

        private void Correct()
        {
            _seller.Correct(_now);
            _books.Correct(_now);
        }

        private void Pay(int number, long cents)
        {
            _seller.Pay(Real()[number].Number, cents);
            _books.Pay(number, cents);
        }

        /// <summary>Of a line for usage.</summary>
        private void GiveBack(int first, int second)
        {
            (MemoryInvoice Invoice, int Number)[] real = Real();
            (int Number, int Line)[] lines =
                [.. real.SelectMany((one, n) => one.Invoice.Lines.Select((line, i) => (n, i)).Where(at => one.Invoice.Lines[at.i] is { Component: "calls", Net.Sign: > 0 }))];
            if (lines.Length == 0)
            {
                return;
            }

            (int number, int at) = lines[first % lines.Length];
            GiveBack(real[number], number, at, second);
        }

        private void GiveBack((MemoryInvoice Invoice, int Number) real, int number, int at, int second)
        {
            long most = Math.Min(
                (real.Invoice.Lines[at].Net - real.Invoice.Lines[at].Credited).MinorUnits, Math.Max(0, real.Invoice.Invoice.Total.MinorUnits) - real.Invoice.Notes.MinorUnits);
            if (most > 0)
            {
                _seller.GiveBack(real.Number, at, 1 + (second % most));
                _books.GiveBack(number, ("calls", First(real.Invoice.Lines[at].Period)), 1 + (second % most));
            }
        }

        /// <summary>Invoices of nothing aside.</summary>
        private (MemoryInvoice Invoice, int Number)[] Real() =>
            [.. _seller.Invoices.Select((invoice, i) => (invoice, i)).Where(one => Sums(one.invoice).Count > 0)];

        private DateOnly First(TimeRange period) => _story.History.Zone.DateOf(period.Start);

        private SortedDictionary<string, long> Sums(MemoryInvoice invoice) =>
            Without0(
            invoice.Invoice.Lines.Select(line => ($"{(line.Arithmetic == MemorySeller.Rest ? MemorySeller.Rest : line.Component)} {First(line.Period):yyyy-MM-dd}", line.Amount.MinorUnits)));

        private static SortedDictionary<string, long> Without0(IEnumerable<(string Key, long Amount)> lines) => new(
            lines.GroupBy(line => line.Key).Select(one => (one.Key, Sum: one.Sum(line => line.Amount))).Where(one => one.Sum != 0).ToDictionary(one => one.Key, one => one.Sum), StringComparer.Ordinal);

        private void Compare()
        {
            Assert.Equal(
                string.Join("\n", _books.Invoices.Select(one => Text(Without0(one.Lines.Select(line => ($"{line.Key.Component} {line.Key.First:yyyy-MM-dd}", line.Value))), one.Remaining, one.Notes))),
                string.Join("\n", Real().Select(one => Text(Sums(one.Invoice), one.Invoice.Remaining.MinorUnits, one.Invoice.Notes.MinorUnits))));
            Assert.Equal(
                (_books.Invoices.Sum(one => one.Remaining), _books.Credit, _books.Unbilled, _books.Net + _books.Unbilled),
                (_seller.Balance(Account.OfCustomer(AccountKind.Receivable, "c")), _seller.Balance(Account.OfCustomer(AccountKind.CustomerCredit, "c")),
                    _seller.Balance(Account.OfCustomer(AccountKind.Unbilled, "c")),
                    _seller.Balance(Account.OfCustomer(AccountKind.Deferred, "c")) + _seller.Balance(Account.OfTenant(AccountKind.Revenue))));
        }

        private static string Text(SortedDictionary<string, long> lines, long remaining, long notes) =>
            $"{string.Join(", ", lines.Select(line => $"{line.Key} {line.Value}"))}; {remaining} open, {notes} given back";
    }
}
