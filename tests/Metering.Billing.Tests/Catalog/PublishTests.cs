using System.Text;
using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog;
using Metering.Billing.Tests.Rating.SecondOpinion;
using Xunit;

namespace Metering.Billing.Tests.Catalog;

/// <summary>What is refused at publish, beyond what every component must be (that is asked through the calculator).</summary>
public class PublishTests
{
    private static readonly UsageSource s_tokens = new("tokens", MeterAggregation.Sum, new Dictionary<string, IReadOnlySet<string>>());

    [Fact]
    public void A_good_book_is_published() => Assert.Empty(Problems(Usage("a")));

    [Fact]
    public void All_problems_are_told_with_their_paths()
    {
        PriceBook book = Book(Usage("a") with { Allowance = -1 }, Usage("a") with { Source = null }) with
        {
            EffectiveFrom = DateTimeOffset.UnixEpoch.AddSeconds(30),
            Products = [new Product("p", "P"), new Product("p", "P"), new Product("", "")],
        };
        book = book with { Plans = [book.Plans[0] with { Product = "q", Commitments = [new("c", -1, ["a", "z"]), new("c", 1, [])] }] };
        Assert.Equal(
            [
                "effective_from: must be a whole minute",
                "products[1].key: 'p' is used twice",
                "products[2].key: is required",
                "plans[0].product: 'q' is not among the products",
                "plans[0].components[1].key: 'a' is used twice",
                "plans[0].components[0].allowance: must not be negative",
                "plans[0].components[1].source: is required: the price is of usage",
                "plans[0].commitments[1].key: 'c' is used twice",
                "plans[0].commitments[0].amount: must not be negative",
                "plans[0].commitments[0].components: 'z' is not a component of the plan",
                "plans[0].commitments[1].components: must name at least one component",
            ],
            PublishRules.Check(book).Select(problem => problem.ToString()));
    }

    [Theory]
    [InlineData("", "", true)]                          // the same meter, everything
    [InlineData("model=a", "model=b", false)]
    [InlineData("model=a|b", "model=b|c", true)]
    [InlineData("model=a", "region=eu", true)]          // an event can be both
    [InlineData("model=a,region=eu", "model=b,region=eu", false)]
    [InlineData("model=a", "", true)]
    public void Two_components_that_can_take_the_same_event_are_refused(string left, string right, bool refused)
    {
        Component a = Usage("a") with { Source = s_tokens with { Filter = Filter(left) } };
        Component b = Usage("b") with { Source = s_tokens with { Filter = Filter(right) } };
        string[] expected = refused ? ["plans[0].components[1].source: can take an event that 'a' bills: no event is billed twice"] : [];
        Assert.Equal(expected, Problems(a, b));
        Assert.Equal(refused, PublishRules.CheckOverlaps([a, b]).Count == 1);
        Assert.Empty(Problems(a, b with { Source = b.Source! with { Meter = "calls" } }));
    }

    [Fact]
    public void A_percentage_of_anything_but_a_sum_is_refused()
    {
        const string Problem = "plans[0].components[0].source: must be the sum of the events' values: a percentage of anything else means nothing";
        UsageSource largest = s_tokens with { Aggregation = MeterAggregation.Max };
        Assert.Equal([Problem], Problems(new Component { Key = "a", Source = largest, Price = new PercentagePrice(1, 0, null, null, null, null) }));
        Assert.Equal([Problem], Problems(new Component { Key = "a", Source = largest, Price = new TieredPrice(TierMode.Graduated, [new Tier(null, 0, new PercentRate(1))]) }));
        Assert.Equal(
            ["plans[0].components[0].source: must be the sum of the events' amounts"],
            Problems(new Component { Key = "a", Source = largest, Price = new SingleRatePrice(new MultiplierRate(1)) }));
        Assert.Empty(Problems(new Component { Key = "a", Source = s_tokens, Price = new PercentagePrice(1, 0, null, null, null, null) }));
    }

    [Fact]
    public void Seats_and_flat_prices_have_no_usage()
    {
        Assert.Equal(
            ["plans[0].components[0].source: must be absent: seats are a number on the subscription, not usage"],
            Problems(new Component { Key = "a", Source = s_tokens, Price = new LicensedPrice(new FlatPrice(1), false) }));
        Assert.Equal(
            ["plans[0].components[0].source: must be absent: a flat price has no usage"],
            Problems(new Component { Key = "a", Source = s_tokens, Price = new FlatPrice(1) }));
    }

    [Fact]
    public void More_than_12_decimals_are_refused_wherever_they_are()
    {
        Fraction fine = Fraction.OfUnits(1, 13);
        Component component = Usage("a") with
        {
            Price = new TieredPrice(TierMode.Graduated, [new Tier(fine, fine, new UnitRate(fine)), new Tier(null, 0, new PackageRate(fine, fine, PartialPackage.Up))]),
            Conversion = new Conversion(ConversionOperation.Multiply, fine, null, 0),
            Allowance = fine,
            Minimum = fine,
            Maximum = Fraction.Of(1, 3),
            Discounts = [new Discount(fine, null), new Discount(null, fine)],
        };
        Assert.Equal(
            ["tiers[0].up_to", "tiers[0].flat", "tiers[0].unit", "tiers[1].package_size", "tiers[1].package_price", "conversion.factor", "allowance", "minimum", "maximum", "discounts[0].percent", "discounts[1].amount"],
            ComponentRules.Check(component, "").Select(problem => problem.Path));
    }

    [Fact]
    public void A_component_round_trips_through_its_json()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            string json = Write(Read(JsonSerializer.SerializeToElement(JsonDocument.Parse(new CaseMaker(seed).Make().ToJson()).RootElement.GetProperty("component"))));
            Assert.Equal(json, Write(Read(JsonDocument.Parse(json).RootElement)));
        }
    }

    [Theory]
    [InlineData(null, 0, true)]
    [InlineData(null, 1000, true)]
    [InlineData(1, 0, true)]      // once
    [InlineData(1, 1, false)]
    [InlineData(3, 2, true)]
    [InlineData(3, 3, false)]
    [InlineData(3, -1, false)]    // before it began
    public void A_discount_lasts_so_many_service_periods(int? periods, int period, bool covered) =>
        Assert.Equal(covered, new Discount(10, null, periods).Covers(period));

    private static Component Read(JsonElement element)
    {
        List<Problem> problems = [];
        Component component = ComponentReader.Read(new JsonFields(element, "", problems));
        Assert.Empty(problems);
        return component;
    }

    private static string Write(Component component) => Encoding.UTF8.GetString(CanonicalJson.Bytes(json => CatalogJson.WriteComponent(json, component)));

    private static Component Usage(string key) => new() { Key = key, Source = s_tokens, Price = new SingleRatePrice(new UnitRate(1)) };

    private static PriceBook Book(params Component[] components) =>
        new("book", 1, Currency.Of("USD"), RoundingMode.HalfAwayFromZero, DateTimeOffset.UnixEpoch, [new Product("p", "P")], [new Plan("plan", "p", components, [])]);

    private static IEnumerable<string> Problems(params Component[] components) => PublishRules.Check(Book(components)).Select(problem => problem.ToString());

    private static Dictionary<string, IReadOnlySet<string>> Filter(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries)
        .Select(part => part.Split('=')).ToDictionary(part => part[0], part => (IReadOnlySet<string>)part[1].Split('|').ToHashSet());
}
