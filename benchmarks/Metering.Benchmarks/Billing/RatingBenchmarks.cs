using BenchmarkDotNet.Attributes;
using Metering.Billing;
using Metering.Billing.Catalog;
using Metering.Billing.Rating;

namespace Metering.Benchmarks.Billing;

/// <summary>One line of each charge model, and what a share of the period and an explanation add.</summary>
public class RatingBenchmarks
{
    private const int Lines = 1000;

    private readonly RatingTerms _whole = new(Currency.Of("USD"), RoundingMode.HalfAwayFromZero, Fraction.One, true);
    private readonly Usage[] _quantities = [.. Enumerable.Range(0, Lines).Select(i => Usage.Of(Fraction.OfUnits((i * 7919L) % 2_000_000, 3)))];
    private Component _component = null!;
    private RatingTerms _terms;

    [Params("flat", "per_unit", "package", "graduated", "volume", "graduated_percentage", "dynamic", "licensed", "all modifiers", "all modifiers, share")]
    public string Price { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _component = SamplePrices.Of(Price);
        _terms = Price.EndsWith("share", StringComparison.Ordinal) ? _whole with { Share = Fraction.Of(15, 31) } : _whole;
    }

    [Benchmark(OperationsPerInvoke = Lines)]
    public long Line()
    {
        long sum = 0;
        foreach (Usage usage in _quantities)
        {
            sum += Rater.Rate(_component, usage, _terms, null).Charge.Amount.Net.MinorUnits;
        }

        return sum;
    }

    [Benchmark(OperationsPerInvoke = Lines)]
    public long Explained()
    {
        long sum = 0;
        foreach (Usage usage in _quantities)
        {
            sum += Rater.Rate(_component, usage, _terms, new Explanation()).Charge.Amount.Net.MinorUnits;
        }

        return sum;
    }
}

/// <summary>How a line grows with the tiers it reaches.</summary>
public class TierBenchmarks
{
    private static readonly RatingTerms s_terms = new(Currency.Of("USD"), RoundingMode.HalfAwayFromZero, Fraction.One, true);
    private Component _graduated = null!;
    private Component _volume = null!;
    private Usage _usage;

    [Params(1, 10, 100)]
    public int Tiers { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _graduated = SamplePrices.Tiered(TierMode.Graduated, Tiers);
        _volume = SamplePrices.Tiered(TierMode.Volume, Tiers);
        _usage = Usage.Of((Tiers * 100) - 50);
    }

    [Benchmark]
    public long Graduated() => Rater.Rate(_graduated, _usage, s_terms, null).Charge.Amount.Net.MinorUnits;

    [Benchmark]
    public long Volume() => Rater.Rate(_volume, _usage, s_terms, null).Charge.Amount.Net.MinorUnits;
}

/// <summary>Prices of single events and of cells, per event and per cell.</summary>
public class ManyPartsBenchmarks
{
    private const int Parts = 1000;
    private static readonly RatingTerms s_terms = new(Currency.Of("USD"), RoundingMode.HalfAwayFromZero, Fraction.One, true);

    private readonly Component _percentage = new() { Price = new PercentagePrice(Fraction.Parse("2.9"), Fraction.Parse("0.3"), 10, 500, Fraction.Parse("0.5"), 20) };
    private readonly Component _matrix = new() { Price = new MatrixPrice(["model"], [.. Enumerable.Range(0, Parts).Select(i => new MatrixCell(Key(i), SamplePrices.Of("graduated")))], null) };
    private readonly Usage _events = Usage.OfEvents([.. Enumerable.Range(0, Parts).Select(i => new UsageEvent(Fraction.OfUnits(i * 37, 2), DateTimeOffset.UnixEpoch.AddSeconds(i), $"e{i}", null))]);
    private readonly Usage _shuffled = Usage.OfEvents([.. Enumerable.Range(0, Parts).Select(i => new UsageEvent(Fraction.OfUnits(i * 37, 2), DateTimeOffset.UnixEpoch.AddSeconds(i * 7919 % Parts), $"e{i}", null))]);
    private readonly Usage _cells = Usage.OfCells([.. Enumerable.Range(0, Parts).Select(i => new CellUsage(Key(i), Usage.Of(i)))]);

    [Benchmark(OperationsPerInvoke = Parts)]
    public long PercentageEvent() => Rater.Rate(_percentage, _events, s_terms, null).Charge.Amount.Net.MinorUnits;

    [Benchmark(OperationsPerInvoke = Parts)]
    public long PercentageEventOutOfOrder() => Rater.Rate(_percentage, _shuffled, s_terms, null).Charge.Amount.Net.MinorUnits;

    [Benchmark(OperationsPerInvoke = Parts)]
    public long MatrixCell() => Rater.Rate(_matrix, _cells, s_terms, null).Charge.Amount.Net.MinorUnits;

    private static CellKey Key(int i) => new([new("model", $"model-{i}")]);
}
