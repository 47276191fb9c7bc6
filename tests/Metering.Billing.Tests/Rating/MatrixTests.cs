using System.Text.Json;
using Metering.Billing.Tests.Calculator;
using Xunit;

namespace Metering.Billing.Tests.Rating;

/// <summary>A full model per cell, a line per cell; bounds over the sum are lines of their own.</summary>
public class MatrixTests
{
    private const string Cells = """
        "dimensions":["model"],
        "cells":[{"key":{"model":"gpt"},"component":{"model":"graduated","tiers":[{"up_to":"10","flat":"2","unit":"10"},{"unit":"5"}],"allowance":"1"} },
                 {"key":{"model":"llama"},"component":{"model":"per_unit","unit":"0.333","minimum":"4"} }]
        """;

    private const string Matrix = $$"""{"model":"matrix",{{Cells}},"default":{"model":"per_unit","unit":"1"} }""";

    [Fact]
    public void Each_cell_with_usage_is_a_line_with_its_own_tiers_allowance_and_bounds()
    {
        // gpt: 12 − 1 = 11: 2 + 10·10 + 1·5 = 107. llama: 3·0.333 = 0.999 → 1.00, raised to 4. mistral: the default, 2.5·1.
        JsonElement answer = Rate(Matrix, """{"key":{"model":"gpt"},"quantity":"12"},{"key":{"model":"llama"},"quantity":"3"},{"key":{"model":"mistral"},"quantity":"2.5"}""");
        Assert.Equal(
            [
                """{"kind":"usage","cell":{"model":"gpt"},"amount":"107.00","exact":"107"}""",
                """{"kind":"usage","cell":{"model":"llama"},"amount":"1.00","exact":"0.999"}""",
                """{"kind":"minimum","cell":{"model":"llama"},"amount":"3.00","exact":"3.001"}""",
                """{"kind":"usage","cell":{"model":"mistral"},"amount":"2.50","exact":"2.5"}""",
            ],
            Lines(answer));
        Assert.Equal("113.50", answer.Text("amount"));
        Assert.Equal("16.5", answer.Text("billable_quantity")); // 11 + 3 + 2.5
        Assert.Contains("\"cell\":{\"model\":\"llama\"}", answer.Text("explanation.4"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"key":{"model":"gpt"},"quantity":"0"}""")]
    [InlineData("")]
    public void An_empty_cell_has_no_line(string cells)
    {
        JsonElement answer = Rate(Matrix, cells);
        Assert.Empty(Lines(answer));
        Assert.Equal("0.00", answer.Text("amount"));
    }

    [Fact]
    public void The_components_minimum_is_a_line_of_its_own_and_is_paid_without_usage()
    {
        string matrix = Matrix[..^1] + ",\"minimum\":\"10\"}";
        Assert.Equal(["""{"kind":"minimum","cell":{},"amount":"10.00","exact":"10"}"""], Lines(Rate(matrix, "")));
        Assert.Equal(
            ["""{"kind":"usage","cell":{"model":"x"},"amount":"4.00","exact":"4"}""", """{"kind":"minimum","cell":{},"amount":"6.00","exact":"6"}"""],
            Lines(Rate(matrix, """{"key":{"model":"x"},"quantity":"4"}""")));
    }

    [Fact]
    public void The_components_bounds_hold_in_money_although_each_cell_is_rounded_by_itself()
    {
        // Three cells of 3.335 are 3.34 each, 10.02 together; exactly they are 10.005. With a maximum of 10.01 the customer pays 10.01.
        string matrix = """{"model":"matrix","dimensions":["m"],"default":{"model":"per_unit","unit":"3.335"},"maximum":"10.01"}""";
        JsonElement answer = Rate(matrix, """{"key":{"m":"a"},"quantity":"1"},{"key":{"m":"b"},"quantity":"1"},{"key":{"m":"c"},"quantity":"1"}""");
        Assert.Equal("10.01", answer.Text("amount"));
        Assert.Equal("10.005", answer.Text("amount_exact"));
        Assert.Equal("""{"kind":"maximum","cell":{},"amount":"-0.01","exact":"0"}""", answer.Text("lines.3"));
    }

    [Fact]
    public void What_was_billed_before_is_a_line_without_a_cell()
    {
        JsonElement answer = Calculate.Rate($$"""{"cells":[{"key":{"model":"x"},"quantity":"4"}],"already":{"amount":"1.50"},"component":{{Matrix}} }""");
        Assert.Equal(
            ["""{"kind":"usage","cell":{"model":"x"},"amount":"4.00","exact":"4"}""", """{"kind":"usage","cell":{},"amount":"-1.50","exact":"-1.5"}"""],
            Lines(answer));
        Assert.Equal("2.50", answer.Text("amount"));
    }

    [Fact]
    public void A_discount_of_the_component_is_of_the_sum()
    {
        JsonElement answer = Rate(Matrix[..^1] + ",\"discounts\":[{\"percent\":\"10\"},{\"amount\":\"1\"}]}", """{"key":{"model":"x"},"quantity":"4"},{"key":{"model":"y"},"quantity":"6"}""");
        Assert.Equal("8.00", answer.Text("amount")); // 10 − 10 % − 1
        Assert.Equal("""{"kind":"discount","cell":{},"amount":"-2.00","exact":"-2"}""", answer.Text("lines.2"));
    }

    [Fact]
    public void Usage_in_a_cell_without_a_price_is_held() =>
        Assert.Equal(
            "cells[1].key: held: no cell has a price for model=mistral, and there is no default",
            Calculate.Problem($$"""{"cells":[{"key":{"model":"gpt"},"quantity":"1"},{"key":{"model":"mistral"},"quantity":"2"}],"component":{"model":"matrix",{{Cells}},"unknown":"hold"} }"""));

    [Fact]
    public void An_empty_cell_needs_no_price() =>
        Assert.Equal("1.00", Rate("""{"model":"matrix","dimensions":["m"],"cells":[{"key":{"m":"a"},"component":{"model":"per_unit","unit":"1"}}],"unknown":"hold"}""", """{"key":{"m":"a"},"quantity":"1"},{"key":{"m":"b"},"quantity":"0"}""").Text("amount"));

    [Fact]
    public void A_cell_may_price_its_events() =>
        Assert.Equal("1.50", Rate(
            """{"model":"matrix","dimensions":["card"],"default":{"model":"percentage","percent":"1","fixed":"0.5"}}""",
            """{"key":{"card":"visa"},"events":[{"value":"50"},{"value":"0"}]}""").Text("amount")); // 0.5 + 0.5, 0 + 0.5

    [Fact]
    public void The_order_of_a_keys_dimensions_does_not_matter() =>
        Assert.Equal("7.00", Rate(
            """{"model":"matrix","dimensions":["a","b"],"cells":[{"key":{"b":"2","a":"1"},"component":{"model":"per_unit","unit":"7"}}],"unknown":"hold"}""",
            """{"key":{"a":"1","b":"2"},"quantity":"1"}""").Text("amount"));

    private static JsonElement Rate(string matrix, string cells) => Calculate.Rate($$"""{"cells":[{{cells}}],"component":{{matrix}} }""");

    private static IEnumerable<string> Lines(JsonElement answer) => answer.GetProperty("lines").EnumerateArray().Select(line => line.ToString());
}
