using Metering.Billing.Catalog;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Catalog.Samples;
using Xunit;

namespace Metering.Billing.Tests.Catalog.AsCode;

public class SampleBillTests
{
    /// <summary>Quantity, old and new, by hand: 1000 · 0.01 = 10, then 0.005 each; now 1000 · 0.008 = 8, then 0.006 each.</summary>
    [Fact]
    public void Tiers_are_shown_at_zero_at_each_bound_just_above_and_far_beyond()
    {
        SampleBill bill = Assert.Single(Bills(
            """{"model":"graduated","tiers":[{"up_to":"1000","unit":"0.01"},{"unit":"0.005"}]}""",
            """{"model":"graduated","tiers":[{"up_to":"1000","unit":"0.008"},{"unit":"0.006"}]}"""));
        Assert.Equal(("s", "p", "main", "c"), (bill.PriceBook, bill.Plan, bill.Phase, bill.Component));
        Assert.Equal(["0: 0.00 → 0.00", "1000: 10.00 → 8.00", "1001: 10.01 (10.005) → 8.01 (8.006)", "10010: 55.05 → 62.06"], Rows(bill));
    }

    [Fact]
    public void A_moved_bound_is_shown_under_both_versions()
    {
        SampleBill bill = Assert.Single(Bills("""{"model":"volume","tiers":[{"up_to":"10","unit":"2"},{"unit":"1"}]}""", """{"model":"volume","tiers":[{"up_to":"20","unit":"2"},{"unit":"1"}]}"""));
        Assert.Equal(["0: 0.00 → 0.00", "10: 20.00 → 20.00", "11: 11.00 → 22.00", "20: 20.00 → 40.00", "21: 21.00 → 21.00", "110: 110.00 → 110.00", "210: 210.00 → 210.00"], Rows(bill));
    }

    /// <summary>100 free, in thousands: the bound of 10 thousand is metered as (10 + 100) · 1000.</summary>
    [Fact]
    public void Quantities_are_as_metered_before_conversion_and_allowance()
    {
        const string price = """{"model":"per_unit","unit":"1","allowance":"100","conversion":{"op":"divide","factor":"1000","round":"up"}}""";
        SampleBill bill = Assert.Single(Bills(price, price.Replace("\"unit\":\"1\"", "\"unit\":\"2\"", StringComparison.Ordinal)));
        Assert.Equal(["0: 0.00 → 0.00", "100000: 0.00 → 0.00", "100001: 1.00 → 2.00", "1000010: 901.00 → 1802.00"], Rows(bill));
    }

    [Theory]
    [InlineData("""{"model":"flat","amount":"49"}""", """{"model":"flat","amount":"59"}""", ": 49.00 → 59.00")]
    [InlineData("""{"model":"package","package_size":"10","package_price":"3"}""", """{"model":"package","package_size":"10","package_price":"4"}""", "0: 0.00 → 0.00|10: 3.00 → 4.00|11: 6.00 → 8.00|110: 33.00 → 44.00")]
    [InlineData("""{"model":"per_unit","unit":"0.5"}""", """{"model":"per_unit","unit":"0.5","minimum":"7"}""", "0: 0.00 → 7.00|1: 0.50 → 7.00|1000: 500.00 → 500.00|10000: 5000.00 → 5000.00")]
    [InlineData("""{"model":"graduated","tiers":[{"up_to":"0.5","unit":"1"},{"unit":"2"}]}""", """{"model":"per_unit","unit":"1"}""", "0: 0.00 → 0.00|0.5: 0.50 → 0.50|0.6: 0.70 → 0.60|1: 1.50 → 1.00|6: 11.50 → 6.00|1000: 1999.50 → 1000.00|10000: 19999.50 → 10000.00")]
    public void Other_models_are_shown_where_they_bend(string old, string proposed, string rows) => Assert.Equal(rows.Split('|'), Rows(Assert.Single(Bills(old, proposed))));

    /// <summary>Two events are free, then 1 % and 0.30 each: 1000 in one event is free; in three the third pays 1 % of 333.33… and 0.30.</summary>
    [Fact]
    public void A_price_of_single_events_is_shown_for_one_and_for_one_more_than_are_free()
    {
        const string price = """{"model":"percentage","percent":"1","fixed":"0.30","free_events":2}""";
        SampleBill bill = Assert.Single(Bills(price, price.Replace("0.30", "0.20", StringComparison.Ordinal)));
        Assert.Contains("1000 in 1: 0.00 → 0.00", Rows(bill));
        Assert.Contains("1000 in 3: 3.63 (3.633333333333) → 3.53 (3.533333333333)", Rows(bill));
    }

    [Fact]
    public void Of_a_matrix_only_the_cells_that_change_are_shown()
    {
        const string matrix = """
            {"model":"matrix","dimensions":["model"],"cells":[
              {"key":{"model":"small"},"component":{"model":"per_unit","unit":"1"}},{"key":{"model":"large"},"component":{"model":"per_unit","unit":"5"}}],"default":{"model":"per_unit","unit":"9"}}
            """;
        SampleBill bill = Assert.Single(Bills(matrix, matrix.Replace("\"5\"", "\"6\"", StringComparison.Ordinal)));
        Assert.Equal("model=large", bill.Cell!.ToString());
        Assert.Equal(["0: 0.00 → 0.00", "1: 5.00 → 6.00", "1000: 5000.00 → 6000.00", "10000: 50000.00 → 60000.00"], Rows(bill));
        Assert.Equal(["model=small", "model=large", "model=*"], Bills(matrix, matrix.Replace("\"default\"", "\"minimum\":\"1\",\"default\"", StringComparison.Ordinal)).Select(one => one.Cell!.ToString()));

        string other = matrix.Replace("""{"key":{"model":"small"},"component":{"model":"per_unit","unit":"1"}},""", "", StringComparison.Ordinal);
        Assert.Contains("1: 1.00 → 9.00", Rows(Assert.Single(Bills(matrix, other))));
    }

    [Fact]
    public void A_new_price_has_no_old_amount_and_a_removed_one_no_new()
    {
        PriceBookEntry empty = Book("[]");
        PriceBookEntry one = Book("""[{"key":"c","price":{"model":"flat","amount":"1"}}]""");
        Assert.Equal([": none → 1.00"], Rows(Assert.Single(SampleBills.Between(empty, one))));
        Assert.Equal([": 1.00 → none"], Rows(Assert.Single(SampleBills.Between(one, empty))));
        Assert.Equal([": none → 1.00"], Rows(Assert.Single(SampleBills.Between(null, one))));
        Assert.Empty(SampleBills.Between(one, one));
    }

    [Fact]
    public void An_amount_that_no_money_can_hold_is_left_out()
    {
        string huge = $$"""{"model":"per_unit","unit":"1{{new string('0', 30)}}"}""";
        Assert.Equal(["0: 0.00 → 0.00"], Rows(Assert.Single(Bills(huge, """{"model":"per_unit","unit":"1"}"""))));
    }

    [Fact]
    public void Any_two_versions_have_sample_bills()
    {
        for (int seed = 0; seed < CaseCount.Of(2_000); seed++)
        {
            CatalogDocument old = Documents.Read(new RandomCatalog(seed).Make());
            CatalogDocument proposed = Documents.Read(new RandomCatalog(seed + 1).Make());
            foreach (PriceBookEntry book in proposed.PriceBooks)
            {
                PriceBookEntry? before = old.PriceBooks.FirstOrDefault(one => one.Key == book.Key);
                Assert.All(SampleBills.Between(before, book), bill => Assert.NotEmpty(bill.Rows));
                Assert.Empty(SampleBills.Between(book, book));
            }
        }
    }

    private static List<SampleBill> Bills(string old, string proposed) => SampleBills.Between(Priced(old), Priced(proposed));

    private static PriceBookEntry Priced(string price) => Book($$"""[{"key":"c"{{(price.Contains("flat\",\"amount", StringComparison.Ordinal) ? "" : ",\"meter\":\"m0\"")}},"price":{{price}}}]""");

    private static PriceBookEntry Book(string components) => Documents.Read(
        $$"""{"products":[{"key":"a","name":"A"}],"price_books":[{"key":"s","currency":"USD","effective_from":"2026-01-01T00:00:00Z","plans":[{"key":"p","product":"a","phases":[{"key":"main","components":{{components}}}]}]}]}""").PriceBooks[0];

    private static IEnumerable<string> Rows(SampleBill bill) =>
        bill.Rows.Select(row => $"{row.Quantity}{(row.Events is { } events ? $" in {events}" : "")}: {Text(row.Old)} → {Text(row.New)}");

    /// <summary>The exact amount only where rounding changed it, cut to twelve decimals.</summary>
    private static string Text(SampleAmount? amount) => amount is not { } one ? "none"
        : one.Exact == one.Amount.Exact ? one.Amount.ToString()
        : $"{one.Amount} ({one.Exact.RoundTo(12, RoundingMode.Down)})";
}
