using System.Text;
using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Tests.Rating.SecondOpinion;
using Xunit;

namespace Metering.Billing.Tests.Catalog;

/// <summary>What is refused at publish, beyond what every component must be (that is asked through the calculator).</summary>
public class PublishTests
{
    private const string PerUnit = """{"model":"per_unit","unit":"1"}""";

    [Fact]
    public void A_good_book_is_published() => Assert.Empty(Problems(Usage("a", "tokens")));

    [Fact]
    public void All_problems_are_told_with_their_paths()
    {
        string components = $"{Usage("a", "tokens", """{"model":"per_unit","unit":"1","allowance":"-1"}""")},{Item("a", PerUnit)}";
        const string Commitments = """[{"key":"c","amount":"-1","components":["a","z"]},{"key":"c","amount":"1","components":[]}]""";
        Assert.Equal(
            [
                "effective_from: must be a whole minute",
                "plans[0].product: there is no product 'q'",
                "plans[0].phases[0].components[1].key: 'a' is used twice",
                "plans[0].commitments[1].key: 'c' is used twice",
                "plans[0].phases[0].components[0].price.allowance: must not be negative",
                "plans[0].phases[0].components[1].meter: is required: the price is of usage",
                "plans[0].commitments[0].amount: must not be negative",
                "plans[0].commitments[0].components: 'z' is not a component of the plan",
                "plans[0].commitments[1].components: must name at least one component",
            ],
            ProblemsOf(Book(components, "2026-01-01T00:00:30Z", "q", Commitments)));
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
        string[] expected = refused ? ["plans[0].phases[0].components[1].meter: can take an event that 'a' bills: no event is billed twice"] : [];
        Assert.Equal(expected, Problems(Usage("a", "tokens", PerUnit, left), Usage("b", "tokens", PerUnit, right)));
        Assert.Empty(Problems(Usage("a", "tokens", PerUnit, left), Usage("b", "calls", PerUnit, right)));
    }

    [Theory]
    [InlineData("""{"model":"percentage","percent":"1"}""", "must be the sum of the events' values: a percentage of anything else means nothing")]
    [InlineData("""{"model":"graduated_percentage","tiers":[{"percent":"1"}]}""", "must be the sum of the events' values: a percentage of anything else means nothing")]
    [InlineData("""{"model":"dynamic"}""", "must be the sum of the events' amounts")]
    public void A_percentage_of_anything_but_a_sum_is_refused(string price, string reason)
    {
        Assert.Equal([$"plans[0].phases[0].components[0].meter: {reason}"], Problems(Usage("a", "largest", price)));
        Assert.Empty(Problems(Usage("a", "tokens", price)));
    }

    [Theory]
    [InlineData("""{"model":"licensed","unit":"1"}""", "must be absent: seats are a number on the subscription, not usage")]
    [InlineData("""{"model":"flat","amount":"1"}""", "must be absent: a flat price has no usage")]
    public void Seats_and_flat_prices_have_no_usage(string price, string reason)
    {
        Assert.Equal([$"plans[0].phases[0].components[0].meter: {reason}"], Problems(Usage("a", "tokens", price)));
        Assert.Empty(Problems(Item("a", price)));
    }

    [Fact]
    public void More_than_12_decimals_are_refused_wherever_they_are()
    {
        Fraction fine = Fraction.OfUnits(1, 13);
        Component component = new()
        {
            Key = "a",
            Source = new UsageSource("tokens", MeterAggregation.Sum, new Dictionary<string, IReadOnlySet<string>>()),
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

    private static List<string> Problems(params string[] components) => ProblemsOf(Book(string.Join(',', components)));

    private static List<string> ProblemsOf(string book)
    {
        using JsonDocument body = JsonDocument.Parse(book);
        List<Problem> problems = [];
        PriceBookReader.Read(body.RootElement, MeterOf, new HashSet<string> { "p" }, problems);
        return problems.ConvertAll(problem => problem.ToString());
    }

    private static string Book(string components, string effectiveFrom = "2026-01-01T00:00:00Z", string product = "p", string commitments = "[]") => $$"""
        {"currency":"USD","effective_from":"{{effectiveFrom}}","plans":[{"key":"plan","product":"{{product}}","phases":[{"key":"phase","components":[{{components}}]}],"commitments":{{commitments}}}]}
        """;

    private static string Usage(string key, string meter, string price = PerUnit, string filter = "") =>
        $$"""{"key":"{{key}}","meter":"{{meter}}","filter":[{{string.Join(',', filter.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Condition))}}],"price":{{price}}}""";

    private static string Item(string key, string price) => $$"""{"key":"{{key}}","price":{{price}}}""";

    private static string Condition(string text)
    {
        string[] parts = text.Split('=');
        return $$"""{"property":"{{parts[0]}}","values":["{{parts[1].Replace("|", "\",\"", StringComparison.Ordinal)}}"]}""";
    }

    private static MeterFacts MeterOf(string slug) => new(slug == "largest" ? MeterAggregation.Max : MeterAggregation.Sum, new HashSet<string> { "model", "region" });
}
