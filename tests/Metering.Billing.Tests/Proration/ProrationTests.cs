using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Tests.Zones;
using Metering.Billing.Zones;
using Xunit;

namespace Metering.Billing.Tests.Proration;

public class ProrationTests
{
    private static readonly Currency s_usd = Currency.Of("USD");
    private static readonly ProrationClock s_january = new(Range("2026-01-01T00:00Z", "2026-01-31T00:00Z"), ProrationUnit.Day, TzdbZones.Instance.Find("UTC")!);

    /// <summary>30 days; 1000 ÷ 30 = 33.33…</summary>
    [Theory]
    [InlineData("2025-12-20T00:00Z", "0.00")]
    [InlineData("2026-01-01T00:00Z", "0.00")]
    [InlineData("2026-01-01T23:59Z", "0.00")]
    [InlineData("2026-01-02T00:00Z", "33.33")]
    [InlineData("2026-01-03T00:00Z", "66.67")]
    [InlineData("2026-01-16T00:00Z", "500.00")]
    [InlineData("2026-01-31T00:00Z", "1000.00")]
    [InlineData("2026-03-31T00:00Z", "1000.00")] // a share above 1 counts as 1
    public void What_is_earned_follows_the_days(string instant, string earned) =>
        Assert.Equal(earned, new Earning(1000, s_usd, s_january).At(Instants.Utc(instant)).ToString());

    [Fact]
    public void An_upgrade_settles_at_once_and_anything_else_with_the_next_invoice()
    {
        Assert.Equal(ChangeSettlement.AtOnce, Swap(100, 200).Settlement);
        Assert.Equal(ChangeSettlement.NextInvoice, Swap(200, 100).Settlement);
        Assert.Equal(ChangeSettlement.NextInvoice, Swap(100, 100).Settlement);
    }

    [Fact]
    public void Every_line_shows_its_arithmetic() =>
        Assert.Equal(
            [
                "round(100 × 30 ÷ 30) − round(100 × 10 ÷ 30) = 100.00 − 33.33 = 66.67; at most 60.00 = 90.00 − 30.00; credit 60.00",
                "round(200 × 30 ÷ 30) − round(200 × 10 ÷ 30) = 200.00 − 66.67 = 133.33",
                "round(5) = 5.00",
            ],
            Change.Of(
                s_january,
                s_usd,
                [
                    new ProratedCharge("old", 100, ChargeTiming.Advance, Range("2026-01-01T00:00Z", "2026-01-11T00:00Z"), new Billed(Usd(9000), Usd(3000))),
                    new ProratedCharge("new", 200, ChargeTiming.Advance, Range("2026-01-11T00:00Z", "2026-01-31T00:00Z")),
                    new ProratedCharge("fee", 5, ChargeTiming.Once, Range("2026-01-11T00:00Z", "2026-01-31T00:00Z")),
                ]).Lines.Select(line => line.Arithmetic));

    [Fact]
    public void Nothing_is_given_back_of_a_void_invoice()
    {
        ProratedCharge old = new("old", 100, ChargeTiming.Advance, Range("2026-01-01T00:00Z", "2026-01-11T00:00Z"), new Billed(Usd(10000), Usd(0), OnVoidInvoice: true));
        Assert.Empty(Change.Of(s_january, s_usd, [old]).Lines);
    }

    /// <summary>Active for 1–6, 11–16 and, overlapping, 15–21 January: 5 + 5 + 5 of 30 days.</summary>
    [Fact]
    public void A_scope_counts_all_its_active_time_as_one_set()
    {
        TimeRange[] active = [Range("2026-01-15T00:00Z", "2026-01-21T00:00Z"), Range("2026-01-01T00:00Z", "2026-01-06T00:00Z"), Range("2026-01-11T00:00Z", "2026-01-16T00:00Z")];
        Assert.Equal(Fraction.Parse("15/30"), ScopeShare.Of(active, s_january));
        Assert.Equal(Fraction.One, ScopeShare.Of([], s_january with { Unit = ProrationUnit.None }));
        Assert.Equal(Fraction.Zero, ScopeShare.Of([], s_january));
        Assert.Equal(Fraction.One, ScopeShare.Of([Range("2025-01-01T00:00Z", "2027-01-01T00:00Z"), Range("2026-01-04T00:00Z", "2026-01-05T00:00Z")], s_january));
    }

    /// <summary>A pause from 10:00 to 18:00 of one date costs no day: the date counts from when it began.</summary>
    [Fact]
    public void An_interruption_within_a_date_takes_no_day_away() =>
        Assert.Equal(Fraction.One, ScopeShare.Of([Range("2026-01-01T00:00Z", "2026-01-11T10:00Z"), Range("2026-01-11T18:00Z", "2026-01-31T00:00Z")], s_january));

    private static Change Swap(long from, long to) => Change.Of(
        s_january,
        s_usd,
        [
            new ProratedCharge("old", from, ChargeTiming.Advance, Range("2026-01-01T00:00Z", "2026-01-11T00:00Z"), new Billed(Usd(from * 100), Usd(0))),
            new ProratedCharge("new", to, ChargeTiming.Advance, Range("2026-01-11T00:00Z", "2026-01-31T00:00Z")),
        ]);

    private static Money Usd(long cents) => new(cents, s_usd);

    private static TimeRange Range(string start, string end) => new(Instants.Utc(start), Instants.Utc(end));
}
