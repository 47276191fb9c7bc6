using Metering.Billing.Catalog.Documents;
using Xunit;

namespace Metering.Billing.Tests.Catalog.AsCode;

public class CatalogDiffTests
{
    private const string Small = """
        {"products":[{"key":"api","name":"API"},{"key":"old","name":"Old"}],
         "tax_rates":[{"key":"vat","percent":"19","valid_from":"2026-01-01T00:00:00Z"}],
         "price_books":[{"key":"standard","name":"Standard","currency":"USD","effective_from":"2026-01-01T00:00:00Z","plans":[
           {"key":"pro","product":"api","phases":[{"key":"main","components":[
             {"key":"base","price":{"model":"flat","amount":"49"}},
             {"key":"tokens","meter":"m0","price":{"model":"graduated","tiers":[{"up_to":"1000","unit":"0.01"},{"unit":"0.005"}]}}]}]}]}]}
        """;

    [Fact]
    public void What_is_written_reads_back_to_the_same_bytes_and_differs_in_nothing()
    {
        for (int seed = 0; seed < CaseCount.Of(10_000); seed++)
        {
            CatalogDocument catalog = Documents.Read(new RandomCatalog(seed).Make());
            byte[] written = CatalogWriter.Bytes(catalog);
            CatalogDocument again = Documents.Read(written);
            Assert.True(CatalogDiff.Between(catalog, again).TrueForAll(change => change.Action == CatalogAction.Unchanged), $"seed {seed}");
            Assert.True(written.AsSpan().SequenceEqual(CatalogWriter.Bytes(again)), $"seed {seed}");
        }
    }

    /// <summary>Each thing that two catalogues have says, field by field, how one becomes the other.</summary>
    [Fact]
    public void Between_two_catalogues_every_thing_is_accounted_for_once()
    {
        for (int seed = 0; seed < CaseCount.Of(1_000); seed++)
        {
            CatalogDocument old = Documents.Read(new RandomCatalog(seed).Make());
            CatalogDocument proposed = Documents.Read(new RandomCatalog(seed + 1).Make());
            List<CatalogChange> changes = CatalogDiff.Between(old, proposed);
            Assert.Equal(changes.Count, changes.Select(change => (change.Kind, change.Key)).Distinct().Count());
            Assert.Equal(Things(old), changes.Count(change => change.Action != CatalogAction.Created));
            Assert.Equal(Things(proposed), changes.Count(change => change.Action != CatalogAction.Archived));
            Assert.All(changes, change => Assert.Equal(change.Action == CatalogAction.Changed, change.Fields.Count > 0));
            Assert.All(changes.SelectMany(change => change.Fields), field => Assert.NotEqual(field.Old, field.New));
        }
    }

    [Theory]
    [InlineData("\"unit\":\"0.01\"", "\"unit\":\"0.008\"", "price_book", "plans[pro].phases[main].components[tokens].price.tiers[0].unit", "\"0.01\"", "\"0.008\"")]
    [InlineData("\"name\":\"Standard\"", "\"name\":\"List\"", "price_book", "name", "\"Standard\"", "\"List\"")]
    [InlineData("\"percent\":\"19\"", "\"percent\":\"20\"", "tax_rate", "percent", "\"19\"", "\"20\"")]
    [InlineData("\"currency\":\"USD\"", "\"currency\":\"EUR\"", "price_book", "currency", "\"USD\"", "\"EUR\"")]
    public void A_changed_field_is_named_with_both_values(string part, string instead, string kind, string path, string old, string proposed)
    {
        List<CatalogChange> changes = Changes(Small.Replace(part, instead, StringComparison.Ordinal));
        CatalogChange change = Assert.Single(changes);
        Assert.Equal((CatalogAction.Changed, kind), (change.Action, change.Kind));
        Assert.Equal(new FieldChange(path, old, proposed), Assert.Single(change.Fields));
    }

    [Theory]
    [InlineData("\"amount\":\"49\"", "\"amount\":\"49.00\"")]
    [InlineData("{\"key\":\"api\",\"name\":\"API\"},{\"key\":\"old\",\"name\":\"Old\"}", "{\"name\":\"Old\",\"key\":\"old\"},{\"key\":\"api\",\"name\":\"API\",\"description\":null}")]
    [InlineData("\"currency\":\"USD\"", "\"rounding\":\"half_away_from_zero\",\"currency\":\"USD\"")]
    public void Another_way_to_say_the_same_is_no_change(string part, string instead) => Assert.Empty(Changes(Small.Replace(part, instead, StringComparison.Ordinal)));

    [Fact]
    public void What_is_missing_is_archived_and_what_is_new_is_created()
    {
        List<CatalogChange> changes = Changes(Small.Replace("{\"key\":\"old\",\"name\":\"Old\"}", "{\"key\":\"new\",\"name\":\"New\"}", StringComparison.Ordinal));
        Assert.Equal([(CatalogAction.Created, "new"), (CatalogAction.Archived, "old")], changes.Select(change => (change.Action, change.Key)));
        Assert.Equal(4, CatalogDiff.Between(Documents.Read(Small), Documents.Read("{}")).Count(change => change.Action == CatalogAction.Archived));
    }

    [Fact]
    public void A_component_more_at_the_front_is_one_change()
    {
        CatalogChange change = Assert.Single(Changes(Small.Replace(
            "{\"key\":\"base\"", "{\"key\":\"setup\",\"timing\":\"once\",\"price\":{\"model\":\"flat\",\"amount\":\"100\"}},{\"key\":\"base\"", StringComparison.Ordinal)));
        FieldChange field = Assert.Single(change.Fields);
        Assert.Equal(("plans[pro].phases[main].components[setup]", null), (field.Path, field.Old));
        Assert.Contains("\"100\"", field.New, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_order_of_plans_is_a_change_of_the_order()
    {
        string two = Small.Replace("{\"key\":\"pro\"", "{\"key\":\"free\",\"product\":\"api\",\"phases\":[{\"key\":\"main\"}]},{\"key\":\"pro\"", StringComparison.Ordinal);
        string turned = Small.Replace("}]}]}]}]}", "}]}]},{\"key\":\"free\",\"product\":\"api\",\"phases\":[{\"key\":\"main\"}]}]}]}", StringComparison.Ordinal);
        CatalogChange change = Assert.Single(CatalogDiff.Between(Documents.Read(two), Documents.Read(turned)), one => one.Action != CatalogAction.Unchanged);
        Assert.Equal(new FieldChange("plans", "[\"free\",\"pro\"]", "[\"pro\",\"free\"]"), Assert.Single(change.Fields));
    }

    [Fact]
    public void Every_problem_is_told_at_once_with_its_path()
    {
        List<Problem> problems = Documents.Problems(
            """
            {"products":[{"key":"A","name":"x"},{"key":"b","name":1},{"key":"b","name":"twice"}],"extra":[],
             "features":[{"key":"f","name":"f","product":"none","meter":"none"}],
             "price_books":[{"key":"s","currency":"XXX","effective_from":"2026-01-01","plans":[{"key":"p","product":"none","phases":[{"key":"m","components":[{"key":"c","meter":"none","price":{"model":"per_unit","unit":0.10}}]}]}]}]}
            """,
            out _);
        Assert.Equal(
            [
                "extra", "features[0].meter", "features[0].product", "price_books[0].currency", "price_books[0].effective_from", "price_books[0].plans[0].phases[0].components[0].meter",
                "price_books[0].plans[0].phases[0].components[0].price.unit", "price_books[0].plans[0].product", "products[0].key", "products[1].name", "products[2].key",
            ],
            problems.Select(problem => problem.Path).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{"key":"c","meter":"m1","price":{"model":"flat","amount":"1"}}""", "meter: must be absent: a flat price has no usage")]
    [InlineData("""{"key":"c","meter":"m1","price":{"model":"licensed","unit":"1"}}""", "meter: must be absent: seats are a number on the subscription, not usage")]
    [InlineData("""{"key":"c","price":{"model":"per_unit","unit":"1"}}""", "meter: is required: the price is of usage")]
    public void A_meter_is_where_there_is_usage_to_price(string component, string problem)
    {
        List<Problem> problems = Documents.Problems(
            $$"""
            {"products":[{"key":"a","name":"x"}],"price_books":[{"key":"s","currency":"USD","effective_from":"2026-01-01T00:00:00Z",
             "plans":[{"key":"p","name":"p","product":"a","phases":[{"key":"m","components":[{{component}}]}]}]}]}
            """,
            out _);
        Assert.Equal([$"price_books[0].plans[0].phases[0].components[0].{problem}"], problems.Select(one => one.ToString()));
    }

    private static int Things(CatalogDocument catalog) => catalog.Items.Count + catalog.PriceBooks.Count;

    private static List<CatalogChange> Changes(string proposed) =>
        [.. CatalogDiff.Between(Documents.Read(Small), Documents.Read(proposed)).Where(change => change.Action != CatalogAction.Unchanged)];
}
