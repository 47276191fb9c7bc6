using System.Text;
using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Tests;
using Metering.Billing.Tests.Catalog.AsCode;
using Metering.Host.Catalog;
using Metering.Host.Settings;
using Xunit;

namespace Metering.Host.Tests.Catalog;

public sealed class YamlTests
{
    [Fact]
    public void What_is_exported_as_YAML_reads_back_to_the_same_bytes()
    {
        for (int seed = 0; seed < CaseCount.Of(10_000); seed++)
        {
            string canonical = Canonical(new RandomCatalog(seed).Make());
            using JsonDocument exported = JsonDocument.Parse(canonical);
            string yaml = YamlText.Of(exported.RootElement);
            Assert.True(canonical == YamlCatalog.Read("f", yaml).Json, $"seed {seed}:\n{yaml}");
        }
    }

    [Theory]
    [InlineData("unit: 0.10", """{"unit":"0.10"}""")]
    [InlineData("unit: 1_000", """{"unit":"1_000"}""")]
    [InlineData("unit: 1e3", """{"unit":"1e3"}""")]
    [InlineData("unit: 123456789012345678901234567890.123456789012", """{"unit":"123456789012345678901234567890.123456789012"}""")]
    [InlineData("unit: 007", """{"unit":"007"}""")]
    [InlineData("valid_from: 2026-01-01T00:00:00Z", """{"valid_from":"2026-01-01T00:00:00Z"}""")]
    [InlineData("length: {unit: day, count: 14}", """{"length":{"unit":"day","count":14}}""")]
    [InlineData("periods: 3", """{"periods":3}""")]
    [InlineData("precision: -3", """{"precision":-3}""")]
    [InlineData("free_events: 0", """{"free_events":0}""")]
    [InlineData("count: 1.0", """{"count":"1.0"}""")]
    [InlineData("count: '14'", """{"count":"14"}""")]
    [InlineData("trial: true", """{"trial":true}""")]
    [InlineData("trial: yes", """{"trial":"yes"}""")]
    [InlineData("name: true", """{"name":"true"}""")]
    [InlineData("up_to: null", """{"up_to":null}""")]
    [InlineData("up_to: ~", """{"up_to":null}""")]
    [InlineData("up_to:", """{"up_to":null}""")]
    [InlineData("name: 'null'", """{"name":"null"}""")]
    [InlineData("name: \"\"", """{"name":""}""")]
    [InlineData("values: [true, 7]", """{"values":["true","7"]}""")]
    [InlineData("key: {trial: true, count: 7}", """{"key":{"trial":"true","count":"7"}}""")]
    [InlineData("a: &x {unit: 0.10}\nb: *x", """{"a":{"unit":"0.10"},"b":{"unit":"0.10"}}""")]
    public void A_value_stays_what_was_written_unless_its_field_is_an_integer_or_a_flag(string yaml, string json) => Assert.Equal(json, YamlCatalog.Read("f", yaml).Json);

    [Theory]
    [InlineData("products:\n  - key: a\n   name: b", "f.yaml:3:")]
    [InlineData("products: []\nproducts: []", "f.yaml:2:1: ")]
    [InlineData("products:\n  - key: !!int 5", "f.yaml:2:10: the tag")]
    [InlineData("products: []\n---\nproducts: []", "f.yaml:3:1: a second document")]
    [InlineData("", "f.yaml: there is nothing in it")]
    [InlineData("? [a]\n: b", "f.yaml:1:3: the name of a field")]
    [InlineData("a: &x [*x]", "f.yaml:1:")]
    public void What_is_no_catalogue_is_refused_with_line_and_column(string yaml, string message) =>
        Assert.StartsWith(message, Assert.Throws<SettingsException>(() => YamlCatalog.Read("f.yaml", yaml)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_small_file_that_grows_by_aliases_is_refused()
    {
        StringBuilder yaml = new("a: &a [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]\n");
        for (char name = 'b'; name < 'k'; name++)
        {
            yaml.Append(name).Append(": &").Append(name).Append(" [").AppendJoin(", ", Enumerable.Repeat($"*{(char)(name - 1)}", 10)).Append("]\n");
        }

        Assert.Contains("values", Assert.Throws<SettingsException>(() => YamlCatalog.Read("f.yaml", yaml.ToString())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("price_books[0].currency", "f.yaml:4:5")]
    [InlineData("price_books[0].plans[0].product", "f.yaml:6:21")]
    [InlineData("price_books[0].plans[0].phases", "f.yaml:6:9")]
    [InlineData("price_books[0].effective_from", "f.yaml:3:5")]
    [InlineData("products", "f.yaml:1:1")]
    [InlineData("features", "f.yaml:1:1")]
    [InlineData("", "f.yaml:1:1")]
    public void A_path_is_found_in_the_file_and_what_is_missing_at_what_it_is_missing_from(string path, string place)
    {
        const string yaml = """
            products: []
            price_books:
              - key: standard
                currency: USD
                plans:
                  - { key: pro, product: api }
            """;
        Assert.Equal(place, YamlCatalog.Read("f.yaml", yaml).Locate(path));
    }

    private static string Canonical(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        List<Problem> problems = [];
        CatalogDocument catalog = CatalogReader.Read(document.RootElement, RandomCatalog.MeterOf, problems);
        Assert.Empty(problems);
        return Encoding.UTF8.GetString(CatalogWriter.Bytes(catalog));
    }
}
