using Metering.Billing.Catalog;
using Metering.Billing.Credits;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Rating;
using Metering.Billing.Tax;

namespace Metering.Billing.Tests.Invoicing;

/// <summary>Short words for the parts of an invoice. January 2026, USD, 10 % tax on top, unless said otherwise.</summary>
internal static class Make
{
    public static readonly Currency Usd = Currency.Of("USD");

    public static readonly DateTimeOffset January = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly TimeRange InJanuary = new(January, January.AddMonths(1));

    public static readonly TaxRate TenOnTop = new("vat10", 10, IsInclusive: false);

    public static readonly TaxRate TwentyWithin = new("vat20", 20, IsInclusive: true);

    public static Money Money(string text) => Billing.Money.Round(Fraction.Parse(text), Usd);

    public static AmountCharge Amount(string key, string amount, string category = "", TaxRate? original = null) => new()
    {
        Key = key,
        Component = key,
        Period = InJanuary,
        Service = InJanuary,
        Recognition = LineRecognition.Arrears,
        TaxCategory = category,
        Amount = Money(amount),
        OriginalTax = original is null ? null : new OriginalTax(original),
    };

    public static UsageCharge Metered(string key, Component price, Usage usage, AlreadyRated already = default, bool isClosing = true) => new()
    {
        Key = key,
        Component = key,
        Period = InJanuary,
        Service = InJanuary,
        Recognition = LineRecognition.Arrears,
        Price = price,
        Usage = usage,
        Already = already,
        Share = Fraction.One,
        IsClosing = isClosing,
    };

    public static Component PerUnit(string unit) => new() { Price = new SingleRatePrice(new UnitRate(Fraction.Parse(unit))) };

    public static GrantPurchase Purchase(string key, string amount) => new()
    {
        Key = key,
        Period = InJanuary,
        Service = new TimeRange(January, January),
        Recognition = LineRecognition.GrantPurchase,
        Amount = Money(amount),
        Grant = key,
    };

    /// <summary>Discounts of January's invoice, on which all its lines are.</summary>
    public static IReadOnlyList<PeriodDiscounts> OfJanuary(params Discount[] discounts) => [new(InJanuary, discounts, Money("0"), Money("0"))];

    public static Grant Grant(string id, string remaining, GrantKind kind = GrantKind.Promotional, string? component = null, int priority = 0, int? expiresOn = null, int fromDay = 1, int grantedOn = 1, bool isUsable = true) => new(
        id,
        kind,
        Money(remaining),
        component is null ? null : new HashSet<string> { component },
        priority,
        January.AddDays(fromDay - 1),
        expiresOn is { } day ? January.AddDays(day - 1) : null,
        January.AddDays(grantedOn - 1),
        isUsable);

    public static TaxTerms Taxed(params (string Category, TaxRate Rate)[] rates) =>
        new(TaxStatus.Taxable, January, [.. rates.Select(one => new TaxRule(one.Category, one.Rate, DateTimeOffset.UnixEpoch))]);

    public static InvoiceInputs Inputs(params Charge[] charges) => new()
    {
        Subscription = "sub-1",
        HistorySequence = 17,
        Seal = 42,
        ApprovedHistorySeal = 40,
        Tzdb = "2026a",
        Currency = Usd,
        Charges = charges,
        Tax = Taxed(("", TenOnTop)),
    };

    public static Invoice Compute(InvoiceInputs inputs) => InvoiceComputation.Compute(inputs);

    public static string[] Texts(IEnumerable<Money> amounts) => [.. amounts.Select(amount => amount.ToString())];
}
