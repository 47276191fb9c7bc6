using System.Text.Json;
using System.Text.RegularExpressions;
using Metering.Billing.Catalog;
using Metering.Billing.Invoicing;
using Metering.Billing.Tax;
using Metering.Billing.Tests.Calculator;
using Metering.Billing.Tests.Invoicing;
using Xunit;

namespace Metering.Billing.Tests.Rating;

/// <summary>The tables and examples of docs/specs/rating.md are computed.</summary>
public partial class RatingPageTests
{
    private static readonly string s_page = Pages.Read("rating.md");

    public static TheoryData<string, string> Examples => [.. Blocks().Chunk(2).Select(pair => (pair[0], pair[1]))];

    public static TheoryData<string, string, string> Prices => [.. Rows("because").Select(row => (row[0].Trim('`'), row[1], row[2]))];

    public static TheoryData<string[]> Invoices => [.. Rows("tax per line")];

    [Theory]
    [MemberData(nameof(Examples))]
    public void The_answer_of_an_example_is_the_one_beside_it(string request, string answer)
    {
        JsonElement result = Calculate.Answer($$"""{"cases":[{{request}}]}""").GetProperty("results")[0];
        Assert.Equal(JsonSerializer.Serialize(JsonDocument.Parse(answer).RootElement), JsonSerializer.Serialize(result));
    }

    [Theory]
    [MemberData(nameof(Prices))]
    public void A_row_of_the_price_table_costs_what_it_says(string price, string quantity, string exact) =>
        Assert.Equal(exact, Calculate.Rate($$"""{"quantity":"{{quantity}}","component":{{price}} }""").Text("total.exact"));

    [Theory]
    [MemberData(nameof(Invoices))]
    public void A_row_of_the_invoice_table_comes_out_as_it_says(string[] row)
    {
        Invoice invoice = InvoiceComputation.Compute(Make.Inputs([.. List(row[0]).Select((amount, i) => Make.Amount($"line{i}", amount))]) with
        {
            Discounts = Make.OfJanuary([.. List(row[1]).Select(text => text.EndsWith('%') ? new Discount(Fraction.Parse(text.TrimEnd(' ', '%')), null) : new Discount(null, Fraction.Parse(text)))]),
            PromotionalGrants = [.. List(row[2]).Select(text => Make.Grant("grant", text))],
            Tax = Make.Taxed(("", new TaxRate("tax", Fraction.Parse(row[3].TrimEnd(' ', '%')), false))),
        });
        Assert.Equal(
            [row[4], row[5], row[6], row[7]],
            [Text(invoice, line => line.Discount), Text(invoice, line => line.Promotional), Text(invoice, line => line.Tax), invoice.Total.ToString()]);
    }

    [Fact]
    public void The_page_has_examples_of_each_kind() => Assert.Equal((6, 15, 5), (Examples.Count, Prices.Count, Invoices.Count));

    private static IEnumerable<string> Blocks() => JsonBlock().Matches(s_page).Select(match => match.Groups[1].Value);

    /// <summary>The rows of the table that has a column of this name.</summary>
    private static IEnumerable<string[]> Rows(string column) => s_page.Split('\n')
        .SkipWhile(line => !line.StartsWith('|') || !line.Contains($"| {column} |", StringComparison.Ordinal)).Skip(2)
        .TakeWhile(line => line.StartsWith('|')).Select(line => line.Split('|')[1..^1].Select(cell => cell.Trim()).ToArray());

    private static string[] List(string cell) => cell.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string Text(Invoice invoice, Func<InvoiceLine, Money> part) => string.Join(", ", invoice.Lines.Select(part));

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex JsonBlock();
}
