using System.Text;
using CsCheck;
using Metering.Billing.Catalog;
using Metering.Billing.Credits;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Rating;
using Metering.Billing.Tax;
using Xunit;
using static Metering.Billing.Tests.Invoicing.Make;

namespace Metering.Billing.Tests.Invoicing;

/// <summary>What is stored of an invoice is all that it depends on: reading it back gives the same bytes, the same hash and the same invoice.</summary>
public class InputsReaderTests
{
    private static readonly Gen<string> s_text = Gen.OneOf(Gen.Const("a"), Gen.Const("§ \"quoted\" \\ \t é 𝄞"), Gen.String[Gen.Char['a', 'z'], 1, 5]);

    private static readonly Gen<Fraction> s_number = Gen.Select(Gen.Long[-1_000_000_000_000, 1_000_000_000_000], Gen.Int[0, 12], (units, places) => Fraction.OfUnits(units, places));

    private static readonly Gen<Fraction> s_exact = Gen.OneOf(s_number, Gen.Select(Gen.Int[1, 1000], Gen.Int[1, 1000], (n, d) => (Fraction)n / d), s_number.Select(one => one * one * one / 7));

    private static readonly Gen<Money> s_money = Gen.Long[-1_000_000, 1_000_000].Select(cents => new Money(cents, Usd));

    private static readonly Gen<TimeRange> s_range = Gen.Select(Gen.Int[0, 1000], Gen.Int[0, 1000], (from, minutes) => new TimeRange(January.AddMinutes(from), January.AddMinutes(from + minutes)));

    private static readonly Gen<TaxRate> s_rate = Gen.Select(s_text, Gen.Int[0, 30], Gen.Bool, (code, percent, inclusive) => new TaxRate(code, percent, inclusive));

    private static readonly Gen<Component> s_price = Gen.Select(Gen.Int[0, 7], Gen.Int[0, 100], Gen.Bool, (model, cents, flag) => Price(model, Fraction.OfUnits(cents, 2), flag));

    private static readonly Gen<UsageEvent> s_event = Gen.Select(s_number, Gen.Int[0, 100], s_text, Gen.Bool, (value, minute, id, said) => new UsageEvent(value, said ? January.AddMinutes(minute).AddTicks(minute) : null, id, said ? "USD" : null));

    private static readonly Gen<Usage> s_usage = Gen.OneOf(
        s_exact.Select(Usage.Of),
        Gen.Const(Usage.None),
        s_event.Array[0, 3].Select(events => Usage.OfEvents(events)),
        Gen.Select(s_number, s_text).Array[0, 3].Select(cells => Usage.OfCells([.. cells.Select((cell, i) => new CellUsage(new CellKey([new("model", cell.Item2 + i)]), i == 2 ? Usage.None : Usage.Of(cell.Item1)))])));

    private static readonly Gen<Charge> s_charge = Gen.Select(Gen.Int[0, 2], s_text, s_range, s_price, s_usage, s_money, s_rate, s_exact).Select(one => Charge(one.Item1, one.Item2, one.Item3, one.Item4, one.Item5, one.Item6, one.Item7, one.Item8));

    private static readonly Gen<InvoiceInputs> s_inputs =
        Gen.Select(s_charge.Array[0, 4], s_text, s_money, s_range, s_exact, Gen.Int[0, 4], Gen.Int[0, 2], s_rate).Select(one => Inputs(one.Item1) with
        {
            Subscription = one.Item2,
            MappingSequence = one.Item6 == 0 ? null : one.Item6,
            BilledTo = one.Item7 == 0 ? null : one.Item4.Start,
            Rounding = (RoundingMode)one.Item6,
            Commitments = [new CommitmentCharge(one.Item2, one.Item5, ["a", one.Item2], one.Item5, one.Item3, "", one.Item4)],
            Discounts = [new PeriodDiscounts(one.Item4, one.Item6 == 0 ? [] : [new Discount(10, null), new Discount(null, one.Item5)], one.Item3, one.Item3)],
            PromotionalGrants = [Grant("g", "5"), Grant(one.Item2, "7.5", component: "b", expiresOn: 9, isUsable: false)],
            Tax = new TaxTerms((TaxStatus)one.Item7, one.Item4.Start, [new TaxRule(one.Item2, one.Item8, one.Item4.End)]),
        });

    [Fact]
    public void Inputs_read_back_are_the_same_bytes() => s_inputs.Sample(inputs =>
    {
        byte[] written = InputsJson.Bytes(inputs);
        using System.Text.Json.JsonDocument json = System.Text.Json.JsonDocument.Parse(written);
        Assert.Equal(Encoding.UTF8.GetString(written), Encoding.UTF8.GetString(InputsJson.Bytes(InputsReader.Read(json.RootElement))));
    });

    [Fact]
    public void An_invoice_computed_again_from_what_is_stored_is_the_same() =>
        Gen.Select(Gen.Int[0, 500], Gen.Int[0, 100], Gen.Int[0, 50]).Sample((calls, discount, grant) =>
        {
            InvoiceDocument made = InvoiceDocument.Compute(Inputs(Metered("calls", Price(3, 2, true), Usage.Of(calls)), Amount("fee", "9.99"), Purchase("g", "20")) with
            {
                Discounts = OfJanuary(new Discount(discount, null)),
                PromotionalGrants = [Grant("p", $"{grant}")],
            });
            Assert.Equal(InvoiceCheck.Same, InvoiceRules.Check(Encoding.UTF8.GetString(made.Inputs), made.InputsHash, Encoding.UTF8.GetString(made.Body)));
        });

    [Fact]
    public void Every_changed_byte_is_found()
    {
        InvoiceDocument made = InvoiceDocument.Compute(Inputs(Metered("calls", PerUnit("0.50"), Usage.Of(3)), Amount("fee", "5.00")));
        string inputs = Encoding.UTF8.GetString(made.Inputs);
        string body = Encoding.UTF8.GetString(made.Body);
        for (int i = 0; i < inputs.Length; i++)
        {
            Assert.NotEqual(InvoiceCheck.Same, InvoiceRules.Check(Changed(inputs, i), made.InputsHash, body));
        }

        for (int i = 0; i < body.Length; i++)
        {
            Assert.Equal(InvoiceCheck.BodyDiffers, InvoiceRules.Check(inputs, made.InputsHash, Changed(body, i)));
        }

        made.InputsHash[7] ^= 1;
        Assert.Equal(InvoiceCheck.InputsDiffer, InvoiceRules.Check(inputs, made.InputsHash, body));
    }

    [Theory]
    [InlineData("", InvoiceCheck.Unreadable)]
    [InlineData("[]", InvoiceCheck.UnknownRules)]
    [InlineData("""{"rules_version":"2"}""", InvoiceCheck.UnknownRules)]
    [InlineData("""{"rules_version":"1"}""", InvoiceCheck.Unreadable)]
    public void What_cannot_be_computed_again_is_said(string inputs, InvoiceCheck check) => Assert.Equal(check, InvoiceRules.Check(inputs, [], ""));

    [Fact]
    public void The_rules_of_this_program_are_among_those_it_has() => Assert.True(InvoiceRules.Has(RulesVersion.Current));

    private static string Changed(string text, int at) => $"{text[..at]}{(text[at] == '1' ? '2' : '1')}{text[(at + 1)..]}";

    private static Component Price(int model, Fraction number, bool flag)
    {
        Tier[] tiers = [new(10, number, new UnitRate(2)), new(null, 0, new PackageRate(100, number, PartialPackage.Up))];
        Component component = new()
        {
            Price = model switch
            {
                0 => new FlatPrice(number),
                1 => new LicensedPrice(new TieredPrice(flag ? TierMode.Volume : TierMode.Graduated, tiers), flag),
                2 => new SingleRatePrice(new PackageRate(10, number, flag ? PartialPackage.Up : PartialPackage.Down)),
                3 => new TieredPrice(flag ? TierMode.Volume : TierMode.Graduated, tiers, flag),
                4 => new PercentagePrice(number, 1, flag ? 3 : null, flag ? number : null, 1, null),
                5 => new SingleRatePrice(new MultiplierRate(number)),
                6 => new MatrixPrice(["model"], [new MatrixCell(new CellKey([new("model", "a")]), PerUnit("1"))], flag ? PerUnit("3") : null),
                _ => new SingleRatePrice(new UnitRate(number)),
            },
        };
        return flag ? component : component with
        {
            Conversion = new Conversion(ConversionOperation.Divide, 1000, RoundingMode.Up, -3),
            Allowance = number,
            Discounts = [new Discount(5, null), new Discount(null, number)],
            Minimum = number,
            Maximum = 100,
        };
    }

    private static Charge Charge(int kind, string text, TimeRange range, Component price, Usage usage, Money amount, TaxRate rate, Fraction number)
    {
        bool taxed = amount.MinorUnits % 2 == 0;
        Charge charge = kind switch
        {
            0 => Metered(text, price, usage, taxed ? new AlreadyRated(number, amount.Exact) : default, taxed),
            1 => Amount(text, amount.ToString()) with { Corrects = taxed ? text : null, Arithmetic = taxed ? null : text, Unit = taxed ? ProrationUnit.Second : ProrationUnit.Day },
            _ => Purchase(text, amount.ToString()),
        };
        return charge with { Period = range, Service = range, PricedBy = text, TaxCategory = text, OriginalTax = taxed ? new OriginalTax(amount.Sign > 0 ? rate : null) : null };
    }
}
