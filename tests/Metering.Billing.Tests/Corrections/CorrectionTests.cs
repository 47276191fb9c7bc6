using CsCheck;
using Metering.Billing.Corrections;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Xunit;
using static Metering.Billing.Tests.Invoicing.Make;

namespace Metering.Billing.Tests.Corrections;

/// <summary>Everything recomputed, minus everything issued; one document by its net.</summary>
public class CorrectionTests
{
    private static readonly DateTimeOffset s_february = January.AddMonths(1);

    [Fact]
    public void What_is_new_is_charged_under_its_own_period()
    {
        Correction correction = Run([Line("calls", "130", "13")], [Line("calls", "100", "10")]);
        Assert.Equal(CorrectionOutcome.Charged, correction.Outcome);
        Assert.Equal([Line("calls", "30", "3")], correction.Lines);
        Assert.Empty(correction.Notes);
    }

    [Fact]
    public void Usage_and_true_up_that_move_together_are_only_recorded()
    {
        Correction correction = Run([Line("calls", "70", "7"), Line("commitment:c", "30", "3")], [Line("calls", "50", "5"), Line("commitment:c", "50", "5")]);
        Assert.Equal(CorrectionOutcome.Recorded, correction.Outcome);
        Assert.Equal([Line("calls", "20", "2"), Line("commitment:c", "-20", "-2")], correction.Lines);
    }

    [Fact]
    public void Nothing_to_correct_is_nothing() => Assert.Equal(CorrectionOutcome.Unchanged, Run([Line("calls", "70", "7")], [Line("calls", "50", "5"), Line("calls", "20", "2")]).Outcome);

    [Fact]
    public void A_line_that_is_gone_is_given_back_and_one_of_another_period_is_another_line()
    {
        BilledLine other = Line("calls", "50", "0") with { Identity = new LineIdentity(new TimeRange(s_february, s_february.AddMonths(1)), "calls") };
        Correction correction = Run([other], [Line("calls", "50", "0")]);
        Assert.Equal([other, Line("calls", "-50", "0")], correction.Lines);
    }

    [Fact]
    public void Credit_notes_are_on_the_newest_invoices_first_as_far_as_they_bear_it()
    {
        // 100 and 10 tax to give back. The newest invoice bears 44, the one before all the rest: 66.
        Correction correction = Run(
            [Line("calls", "50", "5")],
            [Line("calls", "100", "10"), Line("calls", "50", "5")],
            new IssuedInvoice("old", January, Money("110")), new IssuedInvoice("new", s_february, Money("44")), new IssuedInvoice("void", s_february.AddDays(1), Money("0")));
        Assert.Equal(CorrectionOutcome.Credited, correction.Outcome);
        Assert.Equal(["new", "old"], correction.Notes.Select(note => note.Invoice));
        Assert.Equal([Line("calls", "-40", "-4")], correction.Notes[0].Lines);
        Assert.Equal([Line("calls", "-60", "-6")], correction.Notes[1].Lines);
        Assert.Empty(correction.Rest);
    }

    [Fact]
    public void What_no_invoice_bears_is_left_over() =>
        Assert.Equal([Line("calls", "-15", "0")], Run([Line("calls", "-15", "0")], [Line("calls", "10", "0")], new IssuedInvoice("only", January, Money("10"))).Rest);

    [Fact]
    public void After_a_correction_what_is_issued_is_what_is_recomputed_line_by_line() =>
        Gen.Select(Gen.Long[-5_000, 20_000].Array[1, 5], Gen.Long[-5_000, 20_000].Array[1, 5], Gen.Long[0, 8_000].Array[0, 4], Gen.Int[0, 25], Gen.Bool).Sample((now, before, bearable, percent, inclusive) =>
        {
            BilledLine[] recomputed = Lines(now, percent, inclusive);
            BilledLine[] issued = Lines(before, percent, inclusive);
            Correction correction = Run(recomputed, issued, [.. bearable.Select((units, i) => new IssuedInvoice($"i{i}", January.AddDays(i), new Money(units, Usd)))]);
            IEnumerable<BilledLine> documents = correction.Outcome == CorrectionOutcome.Credited ? [.. correction.Notes.SelectMany(note => note.Lines), .. correction.Rest] : correction.Lines;
            Assert.Equal(Sums(recomputed), Sums(issued.Concat(documents)));
            Assert.All(correction.Notes, note => Assert.True(-Total(note.Lines) <= new Money(bearable[note.Invoice[1] - '0'], Usd)));
            Assert.Equal(correction.Outcome == CorrectionOutcome.Unchanged, correction.Lines.Count == 0);
            Assert.Equal(Math.Sign(Total(correction.Lines).MinorUnits), correction.Outcome switch { CorrectionOutcome.Charged => 1, CorrectionOutcome.Credited => -1, _ => 0 });
            Assert.Equal(CorrectionOutcome.Unchanged, Run(recomputed, [.. issued, .. documents]).Outcome);
        });

    private static Correction Run(IReadOnlyList<BilledLine> recomputed, IReadOnlyList<BilledLine> issued, params IssuedInvoice[] invoices) => CorrectionRun.Compute(recomputed, issued, invoices, Usd);

    private static BilledLine Line(string key, string amount, string tax) => new(new LineIdentity(InJanuary, key), Money(amount), Money(tax), false);

    private static BilledLine[] Lines(long[] units, int percent, bool inclusive) =>
        [.. units.Select((one, i) => new BilledLine(new LineIdentity(InJanuary, $"line{i}"), new Money(one, Usd), Billing.Money.Round(Fraction.OfUnits(one * percent, 4), Usd), inclusive))];

    private static Money Total(IEnumerable<BilledLine> lines) => lines.Aggregate(Money("0"), (sum, line) => sum + line.Total);

    private static SortedDictionary<string, (long, long)> Sums(IEnumerable<BilledLine> lines)
    {
        SortedDictionary<string, (long Amount, long Tax)> sums = new(StringComparer.Ordinal);
        foreach (BilledLine line in lines)
        {
            (long amount, long tax) = sums.GetValueOrDefault(line.Identity.Key);
            sums[line.Identity.Key] = (amount + line.Amount.MinorUnits, tax + line.Tax.MinorUnits);
        }

        foreach (string key in sums.Where(one => one.Value == (0, 0)).Select(one => one.Key).ToArray())
        {
            sums.Remove(key);
        }

        return sums;
    }
}
