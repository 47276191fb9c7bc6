using System.Globalization;
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

/// <summary>Steps 8 to 13, with the arithmetic beside them.</summary>
public class InvoiceTests
{
    [Fact]
    public void An_invoice_sums_its_lines_and_their_tax()
    {
        Invoice invoice = Compute(Inputs(Amount("fee", "99.99"), Metered("calls", PerUnit("0.002"), Usage.Of(12_345)))); // 24.69
        Assert.Equal(["99.99", "24.69"], Texts(invoice.Lines.Select(line => line.Amount)));
        Assert.Equal(("124.68", "12.47", "137.15"), (invoice.Subtotal.ToString(), invoice.Tax.ToString(), invoice.Total.ToString()));
        // 9.999 and 2.469 sum to 12.468 → 12.47: 9.99 and 2.46 are cut, the 2 cents left go to both.
        Assert.Equal(["10.00", "2.47"], Texts(invoice.Lines.Select(line => line.Tax)));
    }

    [Theory]
    // Tax is rounded once per rate: three lines of 0.05 are 0.15, 10 % is 0.015 → 0.02, not three times 0.005 → 0.03.
    [InlineData(false, "10", "0.05,0.05,0.05", "0.02", "0.01,0.01,0.00")]
    [InlineData(false, "10", "100,-50", "5.00", "10.00,-5.00")]     // negative lines reduce it
    [InlineData(false, "10", "50,-100", "-5.00", "5.00,-10.00")]
    [InlineData(false, "10", "100,-100", "0.00", "10.00,-10.00")]
    [InlineData(true, "20", "120", "20.00", "20.00")]               // 120 · 0.2 ÷ 1.2
    [InlineData(true, "19", "100,9.99", "17.56", "15.97,1.59")]     // 109.99 · 19 ÷ 119 = 17.5614…; 15.966… and 1.595…: one cent is left, the first lost more
    [InlineData(true, "20", "1,1,1", "0.50", "0.17,0.17,0.16")]     // 3 · 0.2 ÷ 1.2 = 0.5, each 0.1666…
    public void Tax_is_computed_per_rate_and_allocated_by_largest_remainder(bool inclusive, string percent, string amounts, string tax, string perLine)
    {
        TaxRate rate = new("t", Fraction.Parse(percent), inclusive);
        Invoice invoice = Compute(Inputs([.. amounts.Split(',').Select((amount, i) => Amount($"line{i}", amount))]) with { Tax = Taxed(("", rate)) });
        Assert.Equal(tax, invoice.Tax.ToString());
        Assert.Equal(perLine, string.Join(",", Texts(invoice.Lines.Select(line => line.Tax))));
        Assert.Equal(invoice.Subtotal + (inclusive ? Billing.Money.Zero(Usd) : invoice.Tax), invoice.Total);
    }

    [Fact]
    public void Each_rate_has_its_own_sum_and_a_category_without_one_bears_no_tax()
    {
        Invoice invoice = Compute(Inputs(Amount("a", "100", "goods"), Amount("b", "12", "books"), Amount("c", "5", "other"), Amount("d", "1", "goods")) with
        {
            Tax = Taxed(("goods", TenOnTop), ("books", TwentyWithin)),
        });
        Assert.Equal([("vat10", "101.00", "10.10"), ("vat20", "12.00", "2.00")], invoice.Taxes.Select(tax => (tax.Rate.Code, tax.Base.ToString(), tax.Tax.ToString())));
        Assert.Equal("128.10", invoice.Total.ToString()); // 118 + 10.10; the 2.00 are within the 12
    }

    [Theory]
    [InlineData(TaxStatus.Exempt)]
    [InlineData(TaxStatus.ReverseCharge)]
    public void A_customer_without_tax_pays_the_price_as_it_stands(TaxStatus status)
    {
        Invoice invoice = Compute(Inputs(Amount("a", "100"), Amount("b", "12", "books")) with { Tax = Taxed(("", TenOnTop), ("books", TwentyWithin)) with { Status = status } });
        Assert.Equal(("112.00", "0.00"), (invoice.Total.ToString(), invoice.Tax.ToString()));
        Assert.Equal(status, invoice.TaxStatus);
    }

    [Fact]
    public void The_rule_that_holds_at_the_tax_point_decides_and_a_correction_keeps_the_original_rate()
    {
        TaxRate old = new("old", 5, false);
        TaxTerms terms = new(TaxStatus.Taxable, January, [new("", TenOnTop, January), new("", old, DateTimeOffset.UnixEpoch), new("", TwentyWithin, January.AddMinutes(1))]);
        Assert.Equal(TenOnTop, terms.RateOf(""));
        Assert.Equal(old, (terms with { At = January.AddTicks(-1) }).RateOf(""));
        Invoice invoice = Compute(Inputs(Amount("a", "100"), Amount("credit", "-100", original: old)) with { Tax = terms });
        Assert.Equal(["10.00", "-5.00"], Texts(invoice.Lines.Select(line => line.Tax)));
        AmountCharge untaxed = Amount("credit", "-100") with { OriginalTax = new OriginalTax(null) };
        Assert.Equal("0.00", Compute(Inputs(untaxed) with { Tax = terms }).Tax.ToString());
    }

    [Theory]
    // Percents in sequence, then amounts; allocated over the positive lines.
    [InlineData("30,60,10", "10%", "3.00,6.00,1.00")]
    [InlineData("30,60,10", "10%,10%", "5.70,11.40,1.90")]          // 100 → 90 → 81
    [InlineData("30,60,10", "5,10%", "4.50,9.00,1.50")]             // the percentage first: 10 + 5
    [InlineData("0.10,0.10,0.10", "0.05", "0.02,0.02,0.01")]        // 1⅔ cents each: 1 + 1 + 1, two are left
    [InlineData("100,-50", "10%", "10.00,0.00")]                    // a credit is not discounted again
    [InlineData("100,-50", "80", "50.00,0.00")]                     // never past zero: 50 is all there is
    [InlineData("100,-120", "10%", "0.00,0.00")]
    [InlineData("-5", "10", "0.00")]
    [InlineData("30,10", "100", "30.00,10.00")]                     // 60 are lost
    [InlineData("0.05", "50%", "0.02")]                             // 0.025 is left, rounded 0.03
    public void Invoice_discounts_are_allocated_over_the_positive_lines(string amounts, string discounts, string taken)
    {
        Invoice invoice = Compute(Inputs([.. amounts.Split(',').Select((amount, i) => Amount($"line{i}", amount))]) with
        {
            Discounts = OfJanuary([.. discounts.Split(',').Select(text => text.EndsWith('%') ? new Discount(Fraction.Parse(text[..^1]), null) : new Discount(null, Fraction.Parse(text)))]),
        });
        Assert.Equal(taken, string.Join(",", Texts(invoice.Lines.Select(line => line.Discount))));
        Assert.Equal(invoice.Lines.Select(line => line.Amount - line.Discount), invoice.Lines.Select(line => line.Net));
    }

    [Fact]
    public void Promotional_grants_reduce_what_is_taxed_after_the_invoice_discount()
    {
        // 100 − 10 % = 90; 40 of it is given: 50 + 10 % tax.
        Invoice invoice = Compute(Inputs(Amount("a", "100")) with { Discounts = OfJanuary(new Discount(10, null)), PromotionalGrants = [Grant("g", "40")] });
        Assert.Equal(("100.00", "10.00", "40.00", "5.00", "55.00"), (invoice.Subtotal.ToString(), invoice.Discount.ToString(), invoice.Promotional.ToString(), invoice.Tax.ToString(), invoice.Total.ToString()));
        Assert.Equal([("g", "40.00")], invoice.Promotions.Select(use => (use.Grant, use.Amount.ToString())));
    }

    [Fact]
    public void Grants_are_used_by_priority_then_expiry_then_age_then_id()
    {
        Grant[] grants =
        [
            Grant("f", "1", priority: 1), Grant("e", "1"), Grant("d", "1", grantedOn: 2, expiresOn: 20), Grant("b", "1", expiresOn: 20), Grant("c", "1", expiresOn: 20), Grant("a", "1", expiresOn: 10),
        ];
        Assert.Equal("abcdef", string.Concat(Compute(Inputs(Amount("x", "100")) with { PromotionalGrants = grants }).Promotions.Select(use => use.Grant)));
        Assert.Equal(["a", "b"], Compute(Inputs(Amount("x", "1.50")) with { PromotionalGrants = grants }).Promotions.Select(use => use.Grant));
    }

    [Fact]
    public void A_grant_covers_lines_of_its_components_whose_service_overlaps_its_validity()
    {
        InvoiceInputs inputs = Inputs(Amount("a", "30"), Amount("b", "10"), Amount("c", "-5"));
        string Used(Grant grant) => string.Join(",", Texts(Compute(inputs with { PromotionalGrants = [grant] }).Lines.Select(line => line.Promotional)));
        Assert.Equal("15.00,5.00,0.00", Used(Grant("g", "20")));
        Assert.Equal("20.00,0.00,0.00", Used(Grant("g", "20", component: "a")));
        Assert.Equal("0.00,10.00,0.00", Used(Grant("g", "20", component: "b")));
        Assert.Equal("26.25,8.75,0.00", Used(Grant("g", "100")));                           // 35 is the total: never below zero
        Assert.Equal("0.00,0.00,0.00", Used(Grant("g", "20", fromDay: 32)));                // from 1 February: half-open
        Assert.Equal("15.00,5.00,0.00", Used(Grant("g", "20", fromDay: 31)));
        Assert.Equal("0.00,0.00,0.00", Used(Grant("g", "20", fromDay: -30, expiresOn: 1))); // expired when January begins
        Assert.Equal("0.00,0.00,0.00", Used(Grant("g", "20", isUsable: false)));
    }

    [Fact]
    public void A_commitment_charges_what_its_components_fall_short_of_it()
    {
        CommitmentCharge Commitment(string amount, string share = "1", string earlier = "0") => new("c", Fraction.Parse(amount), ["a", "b"], Fraction.Parse(share), Money(earlier), "", InJanuary);
        string TrueUp(CommitmentCharge commitment, params Charge[] charges) => Compute(Inputs(charges) with { Commitments = [commitment] }).Lines[^1].Amount.ToString();
        Assert.Equal("30.00", TrueUp(Commitment("100"), Amount("a", "50"), Amount("b", "20"), Amount("other", "500")));
        Assert.Equal("0.00", TrueUp(Commitment("100"), Amount("a", "150")));
        Assert.Equal("120.00", TrueUp(Commitment("100"), Amount("a", "-20")));                // Σ below zero counts
        Assert.Equal("10.00", TrueUp(Commitment("100", earlier: "40"), Amount("a", "50")));
        Assert.Equal("0.00", TrueUp(Commitment("100", share: "1/2"), Amount("a", "50")));
        Assert.Equal("33.33", TrueUp(Commitment("100", share: "1/3")));
    }

    [Fact]
    public void A_true_up_comes_before_invoice_discounts_and_tax()
    {
        Invoice invoice = Compute(Inputs(Amount("a", "60")) with { Discounts = OfJanuary(new Discount(10, null)), Commitments = [new("c", 100, ["a"], Fraction.One, Money("0"), "", InJanuary)] });
        Assert.Equal(("100.00", "10.00", "9.00", "99.00"), (invoice.Subtotal.ToString(), invoice.Discount.ToString(), invoice.Tax.ToString(), invoice.Total.ToString()));
    }

    [Fact]
    public void Paid_grants_then_customer_credit_settle_the_total_after_tax()
    {
        Invoice invoice = Compute(Inputs(Amount("a", "100"), Amount("b", "50"))); // 110 + 55
        Grant[] paid = [Grant("p", "60", GrantKind.Paid, component: "b"), Grant("q", "30", GrantKind.Paid, priority: 1), Grant("unpaid", "500", GrantKind.Paid, isUsable: false)];
        Settlement settled = Settlement.Of(invoice, paid, Money("70"));
        Assert.Equal([("p", "55.00"), ("q", "30.00")], settled.PaidGrants.Select(use => (use.Grant, use.Amount.ToString())));
        Assert.Equal(["0.00", "55.00"], Texts(settled.PaidGrants[0].Lines));
        Assert.Equal(("70.00", "10.00", "0.00"), (settled.CustomerCredit.ToString(), settled.AmountDue.ToString(), settled.Carried.ToString()));
        Assert.Equal("0.00", Settlement.Of(invoice, paid, Money("500")).AmountDue.ToString());
        Assert.Equal("80.00", Settlement.Of(invoice, paid, Money("500")).CustomerCredit.ToString()); // never more than is due
    }

    [Fact]
    public void A_total_below_zero_is_carried_to_the_customers_credit_and_uses_no_credit()
    {
        Settlement settled = Settlement.Of(Compute(Inputs(Amount("a", "10"), Amount("credit", "-30"))), [Grant("p", "60", GrantKind.Paid)], Money("5"));
        Assert.Empty(settled.PaidGrants);
        Assert.Equal(("22.00", "0.00", "0.00"), (settled.Carried.ToString(), settled.CustomerCredit.ToString(), settled.AmountDue.ToString()));
    }

    [Fact]
    public void A_grant_purchase_is_untaxed_and_no_discount_or_grant_pays_it()
    {
        Invoice invoice = Compute(Inputs(Purchase("buy", "100"), Amount("a", "10")) with { Discounts = OfJanuary(new Discount(50, null)), PromotionalGrants = [Grant("g", "100")] });
        Assert.Equal(("100.00", "0.00", "0.00"), (invoice.Lines[0].Payable.ToString(), invoice.Lines[0].Discount.ToString(), invoice.Lines[0].Tax.ToString()));
        Assert.Equal("100.00", invoice.Total.ToString()); // 10 − 5 − 5, nothing to tax
        Assert.Equal("100.00", Settlement.Of(invoice, [Grant("p", "60", GrantKind.Paid)], Money("0")).AmountDue.ToString());
    }

    [Fact]
    public void A_matrix_is_a_line_per_cell_and_one_over_their_sum()
    {
        CellKey Key(string model) => new([new("model", model)]);
        Component matrix = new() { Price = new MatrixPrice(["model"], [], PerUnit("1")), Minimum = 20 };
        Invoice invoice = Compute(Inputs(Metered("tokens", matrix, Usage.OfCells([new(Key("a"), Usage.Of(4)), new(Key("b"), Usage.Of(6))]))));
        Assert.Equal([("tokens[model=a]", "4.00"), ("tokens[model=b]", "6.00"), ("tokens", "10.00")], invoice.Lines.Select(line => (line.Key, line.Amount.ToString())));
        Assert.Equal(InvoiceLineKind.Component, invoice.Lines[2].Kind);
    }

    [Fact]
    public void A_line_without_usage_says_so()
    {
        string json = Encoding.UTF8.GetString(InvoiceJson.Bytes(Compute(Inputs(Metered("calls", PerUnit("1"), Usage.None), Metered("idle", PerUnit("1"), Usage.Of(0))))));
        Assert.Equal(2, json.Split("\"note\":\"no usage\"").Length);
    }

    [Fact]
    public void The_bytes_of_an_invoice_are_these()
    {
        InvoiceInputs inputs = Inputs(Metered("calls", PerUnit("0.5"), Usage.Of(3), new AlreadyRated(1, null))) with { Discounts = OfJanuary(new Discount(10, null)) };
        Assert.Equal("""
            {"rules_version":"1","currency":"USD","tax_status":"taxable","lines":[{"kind":"usage","key":"calls","component":"calls","cell":{},"period":["2026-01-01T00:00:00Z","2026-02-01T00:00:00Z"],"recognition":"arrears","from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z",
            "amount":"1.00","details":[{"kind":"usage","amount":"1.00","exact":"1"}],"discount":"0.10","promotional":"0.00","net":"0.90","tax_code":"vat10","tax":"0.09",
            "explanation":[{"step":"tier","from":"0","up_to":null,"quantity":"3","unit":"0.5","flat":"0","exact":"1.5"},{"step":"round","exact":"1.5","rounding":"half_away_from_zero","amount":"1.50"},
            {"step":"already","exact":"0.5","amount":"0.50"}]}],"taxes":[{"code":"vat10","percent":"10","inclusive":false,"base":"0.90","tax":"0.09"}],"promotions":[],
            "subtotal":"1.00","discount":"0.10","promotional":"0.00","tax":"0.09","total":"0.99"}
            """.ReplaceLineEndings(""), Encoding.UTF8.GetString(InvoiceJson.Bytes(Compute(inputs))));
    }

    [Fact]
    public void Every_input_is_in_the_hash()
    {
        InvoiceInputs inputs = Inputs(Metered("calls", PerUnit("0.5"), Usage.Of(3)), Amount("fee", "5"));
        UsageCharge usage = (UsageCharge)inputs.Charges[0];
        AmountCharge fee = (AmountCharge)inputs.Charges[1];
        InvoiceInputs With(Charge charge) => inputs with { Charges = [charge, fee] };
        InvoiceInputs[] others =
        [
            inputs with { Subscription = "sub-2" }, inputs with { HistorySequence = 18 }, inputs with { MappingSequence = 17 }, inputs with { MappingSequence = 18 }, inputs with { BilledTo = January }, inputs with { Seal = 43 }, inputs with { ApprovedHistorySeal = 41 }, 
            With(usage with { PricedBy = "x" }), With(usage with { Period = new(January, January.AddDays(31).AddDays(1)) }), With(usage with { Recognition = LineRecognition.Once }), With(fee with { Arithmetic = "x" }), inputs with { Charges = [usage, fee with { Unit = ProrationUnit.Second }] },
            inputs with { Tzdb = "2026b" }, inputs with { Currency = Currency.Of("EUR") }, inputs with { Rounding = RoundingMode.Up },
            inputs with { Discounts = OfJanuary(new Discount(1, null)) }, inputs with { PromotionalGrants = [Grant("g", "1")] }, inputs with { PromotionalGrants = [Grant("g", "1", component: "x")] },
            inputs with { Commitments = [new("c", 1, [], Fraction.One, Money("0"), "", InJanuary)] }, inputs with { Tax = inputs.Tax with { Status = TaxStatus.Exempt } },
            inputs with { Tax = inputs.Tax with { At = January.AddMinutes(1) } }, inputs with { Tax = inputs.Tax with { Rules = [] } }, inputs with { Charges = [fee, usage] },
            With(usage with { Key = "k" }), With(usage with { Component = "k" }), With(usage with { TaxCategory = "k" }), With(usage with { Service = new(January, January.AddDays(1)) }),
            With(usage with { OriginalTax = new OriginalTax(null) }), With(usage with { OriginalTax = new OriginalTax(TenOnTop) }), With(usage with { Price = PerUnit("0.6") }),
            With(usage with { Price = usage.Price with { Minimum = 1 } }), With(usage with { Price = usage.Price with { Maximum = 1 } }), With(usage with { Price = usage.Price with { Allowance = 1 } }),
            With(usage with { Price = usage.Price with { Discounts = [new Discount(1, null)] } }), With(usage with { Price = usage.Price with { Conversion = new(ConversionOperation.Divide, 2, null, 0) } }),
            With(usage with { Usage = Usage.Of(4) }), With(usage with { Usage = Usage.None }), With(usage with { Already = new(1, null) }), With(usage with { Already = new(null, 1) }),
            With(usage with { Share = Fraction.Of(1, 2) }), With(usage with { IsClosing = false }), With(fee), With(fee with { Amount = Money("6") }), With(fee with { Corrects = "x" }), With(Purchase("fee", "5")),
        ];
        string[] hashes = [.. others.Prepend(inputs).Select(one => Convert.ToHexString(InvoiceJson.HashOf(one)))];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.Equal(hashes[0], Convert.ToHexString(InvoiceJson.HashOf(Inputs(Metered("calls", PerUnit("0.50"), Usage.Of(3)), Amount("fee", "5.00")))));
    }

    [Fact]
    public void The_same_inputs_give_the_same_bytes_in_every_culture()
    {
        InvoiceInputs inputs = Inputs(Metered("calls", PerUnit("-0.5"), Usage.OfEvents([new UsageEvent(1, January, "e", null)])) with { Share = Fraction.Of(1, 3) }, Amount("fee", "5"));
        string expected = Encoding.UTF8.GetString(InvoiceJson.Bytes(Compute(inputs))) + Convert.ToHexString(InvoiceJson.HashOf(inputs));
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            culture.NumberFormat = new NumberFormatInfo { NumberDecimalSeparator = ",", NegativeSign = "−" };
            culture.DateTimeFormat = new DateTimeFormatInfo { TimeSeparator = ".", DateSeparator = "_" };
            CultureInfo.CurrentCulture = culture;
            Assert.Equal(expected, Encoding.UTF8.GetString(InvoiceJson.Bytes(Compute(inputs))) + Convert.ToHexString(InvoiceJson.HashOf(inputs)));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void All_parts_sum_to_their_wholes_and_nothing_falls_below_zero() =>
        Gen.Select(Gen.Long[-5_000, 20_000].Array[1, 8], Gen.Int[0, 100], Gen.Long[0, 30_000], Gen.Long[0, 30_000].Array[0, 4], Gen.Int[0, 30], Gen.Bool).Sample((amounts, percent, amount, grants, taxPercent, inclusive) =>
        {
            Invoice invoice = Compute(Inputs([.. amounts.Select((units, i) => Amount($"line{i}", Fraction.OfUnits(units, 2).ToString()))]) with
            {
                Discounts = OfJanuary(new Discount(percent, null), new Discount(null, Fraction.OfUnits(amount, 2))),
                PromotionalGrants = [.. grants.Select((units, i) => Grant($"g{i}", Fraction.OfUnits(units, 2).ToString(), component: i == 1 ? "line0" : null))],
                Tax = Taxed(("", new TaxRate("t", taxPercent, inclusive))),
            });
            Assert.Equal(invoice.Tax, invoice.Taxes.Aggregate(Money("0"), (sum, tax) => sum + tax.Tax));
            Assert.Equal(invoice.Promotional, invoice.Promotions.Aggregate(Money("0"), (sum, use) => sum + use.Amount));
            Assert.Equal(invoice.Subtotal - invoice.Discount - invoice.Promotional + (inclusive ? Money("0") : invoice.Tax), invoice.Total);
            Assert.All(invoice.Lines, line => Assert.True(line.Discount.Sign >= 0 && line.Promotional.Sign >= 0 && (line.Amount.Sign <= 0 ? line.Net == line.Amount : line.Net.Sign >= 0)));
            Assert.True(invoice.Subtotal.Sign < 0 || (invoice.Subtotal - invoice.Discount - invoice.Promotional).Sign >= 0);

            Settlement settled = Settlement.Of(invoice, [Grant("p", "50", GrantKind.Paid)], Money("20"));
            Assert.True(settled.AmountDue.Sign >= 0);
            Assert.Equal(invoice.Total, settled.PaidGrants.Aggregate(settled.AmountDue + settled.CustomerCredit - settled.Carried, (sum, use) => sum + use.Amount));
        });
}
