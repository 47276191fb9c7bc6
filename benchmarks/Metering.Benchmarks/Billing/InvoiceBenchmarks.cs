using System.Buffers;
using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using Metering.Billing;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog;
using Metering.Billing.Credits;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Rating;
using Metering.Billing.Tax;

namespace Metering.Benchmarks.Billing;

/// <summary>A whole invoice, explained, discounted and taxed, by its number of components; and its bytes.</summary>
public class InvoiceBenchmarks
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private InvoiceInputs _inputs = null!;
    private Invoice _invoice = null!;

    [Params(1, 10, 100)]
    public int Components { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        TimeRange service = new(s_start, s_start.AddMonths(1));
        _inputs = new InvoiceInputs
        {
            Subscription = "sub-1",
            HistorySequence = 17,
            Seal = 42,
            ApprovedHistorySeal = 40,
            Tzdb = "2026a",
            Currency = Currency.Of("USD"),
            Charges = [.. Enumerable.Range(0, Components).Select(i => new UsageCharge { Key = $"c{i}", Component = $"c{i}", Period = service, Service = service, Recognition = LineRecognition.Arrears, Price = SamplePrices.Of("graduated"), Usage = Usage.Of(100 + i), Share = Fraction.One, IsClosing = true })],
            Discounts = [new PeriodDiscounts(service, [new Discount(10, null)], Money.Zero(Currency.Of("USD")), Money.Zero(Currency.Of("USD")))],
            PromotionalGrants = [new Grant("g", GrantKind.Promotional, new Money(500, Currency.Of("USD")), null, 0, s_start, null, s_start, true)],
            Tax = new TaxTerms(TaxStatus.Taxable, s_start, [new TaxRule("", new TaxRate("vat", 19, false), s_start)]),
        };
        _invoice = InvoiceComputation.Compute(_inputs);
    }

    [Benchmark]
    public Invoice Compute() => InvoiceComputation.Compute(_inputs);

    [Benchmark]
    public byte[] Bytes() => InvoiceJson.Bytes(_invoice);

    [Benchmark]
    public byte[] InputHash() => InvoiceJson.HashOf(_inputs);
}

/// <summary>The calculator, JSON in and out, per case.</summary>
public class CalculatorBenchmarks
{
    private const int Cases = 1000;

    private readonly ArrayBufferWriter<byte> _output = new(1 << 20);
    private readonly byte[] _body = Encoding.UTF8.GetBytes("{\"cases\":[" + string.Join(",", Enumerable.Range(0, Cases).Select(i => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"id":"{{i}}","currency":"USD","quantity":"{{i}}.5","already":{"quantity":"{{i}}"},"component":{"model":"graduated","tiers":[{"up_to":"10","flat":"2","unit":"10"},{"flat":"0","unit":"5"}]} }"""))) + "]}");

    [Benchmark(OperationsPerInvoke = Cases)]
    public int Case()
    {
        _output.ResetWrittenCount();
        RateCalculator.TryAnswer(_body, "2026a", _output, out _);
        return _output.WrittenCount;
    }
}
