using Metering.Billing;
using Metering.Billing.Catalog;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Rating;
using Metering.Billing.Tax;

namespace Metering.BillingCore.Tests.Invoices;

/// <summary>Short words for what is billed. January 2026, USD, 20 % tax on top.</summary>
internal static class Charges
{
    public static readonly Currency Usd = Currency.Of("USD");

    public static readonly DateTimeOffset January = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly TimeRange InJanuary = new(January, January.AddMonths(1));

    public static Money Money(string text) => Billing.Money.Round(Fraction.Parse(text), Usd);

    public static AmountCharge Fee(string key, string amount) => new()
    {
        Key = key,
        Component = key,
        Period = InJanuary,
        Service = InJanuary,
        Recognition = LineRecognition.Arrears,
        PricedBy = "standard 1, pro",
        Amount = Money(amount),
    };

    /// <summary>Paid before it is served: three months that are not over while tests run.</summary>
    public static AmountCharge Advance(string key, string amount, string? corrects = null) => Fee(key, amount) with
    {
        Recognition = LineRecognition.Advance,
        Service = new TimeRange(January.AddYears(60), January.AddYears(60).AddMonths(3)),
        Corrects = corrects,
    };

    /// <summary>The first ten for 1.00 each, the others for 0.50.</summary>
    public static UsageCharge Calls(int quantity) => new()
    {
        Key = "calls",
        Component = "calls",
        Period = InJanuary,
        Service = InJanuary,
        Recognition = LineRecognition.Arrears,
        PricedBy = "standard 1, pro",
        Price = new Component { Price = new TieredPrice(TierMode.Graduated, [new Tier(10, 0, new UnitRate(1)), new Tier(null, 0, new UnitRate(Fraction.Parse("0.50")))]) },
        Usage = Usage.Of(quantity),
        Share = Fraction.One,
        IsClosing = true,
    };

    /// <summary>By model, 2.00 a call.</summary>
    public static UsageCharge Matrix(params (string Model, int Quantity)[] cells) => Calls(0) with
    {
        Price = new Component { Price = new MatrixPrice(["model"], [], new Component { Price = new SingleRatePrice(new UnitRate(2)) }) },
        Usage = Usage.OfCells([.. cells.Select(cell => new CellUsage(new CellKey([new("model", cell.Model)]), Usage.Of(cell.Quantity)))]),
    };

    public static InvoiceInputs Inputs(string subscription, params Charge[] charges) => new()
    {
        Subscription = subscription,
        HistorySequence = 3,
        Seal = 42,
        ApprovedHistorySeal = 40,
        Tzdb = "2026a",
        Currency = Usd,
        Charges = charges,
        Tax = new TaxTerms(TaxStatus.Taxable, January, [new TaxRule("", new TaxRate("vat", 20, IsInclusive: false), DateTimeOffset.UnixEpoch)]),
    };
}
