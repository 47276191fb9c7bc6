using Metering.Billing.Tests.Calculator;
using Xunit;

namespace Metering.Billing.Tests.Rating;

/// <summary>Every row of the charge models, with the arithmetic beside it.</summary>
public class ModelTests
{
    private const string Graduated = """{"model":"graduated","tiers":[{"up_to":"10","flat":"2","unit":"10"},{"up_to":"20","flat":"3","unit":"5"},{"flat":"3","unit":"5"}]}""";
    private const string Volume = """{"model":"volume","tiers":[{"up_to":"100","flat":"10","unit":"2"},{"up_to":"200","unit":"1"},{"flat":"50","unit":"0.5"}]}""";
    private const string Tokens = """{"model":"per_unit","unit":"0.000002"}""";
    private const string Tens = """{"model":"package","package_size":"10","package_price":"7"}""";
    private const string FullTens = """{"model":"package","package_size":"10","package_price":"7","partial":"down"}""";
    private const string Mixed = """{"model":"graduated","tiers":[{"up_to":"100","flat":"1","package_size":"30","package_price":"2"},{"package_size":"50","package_price":"3"}]}""";
    private const string MixedVolume = """{"model":"volume","tiers":[{"up_to":"100","flat":"1","package_size":"30","package_price":"2"},{"package_size":"50","package_price":"3"}]}""";
    private const string Shares = """{"model":"graduated_percentage","tiers":[{"up_to":"1000","flat":"1","percent":"2.9"},{"percent":"1.5"}]}""";
    private const string Flat = """{"model":"flat","amount":"12.345"}""";
    private const string NoFlatAtZero = """{"model":"graduated","flat_at_zero":false,"tiers":[{"up_to":"10","flat":"2","unit":"10"},{"flat":"3","unit":"5"}]}""";

    [Theory]
    [InlineData(Flat, "0", "12.345")]                // an amount whatever the usage
    [InlineData(Flat, "7", "12.345")]
    [InlineData(Tokens, "0", "0")]
    [InlineData(Tokens, "1234567.5", "2.469135")]    // 1234567.5 · 0.000002
    [InlineData(Tokens, "-1000", "-0.002")]
    [InlineData(Tokens, "0.000000000001", "0.000000000000000002")]
    [InlineData(Graduated, "0", "2")]                // flat₁
    [InlineData(Graduated, "10", "102")]             // 2 + 10·10; the bound stays in its tier
    [InlineData(Graduated, "10.5", "107.5")]         // 102 + 3 + 0.5·5
    [InlineData(Graduated, "10.001", "105.005")]     // 102 + 3 + 0.001·5: the next tier and its flat fee
    [InlineData(Graduated, "11", "110")]             // 102 + 3 + 5
    [InlineData(Graduated, "20", "155")]             // 102 + 3 + 50
    [InlineData(Graduated, "21", "163")]             // 155 + 3 + 5
    [InlineData(Graduated, "-4", "-38")]             // 2 − 4·10
    [InlineData(NoFlatAtZero, "0", "0")]
    [InlineData(NoFlatAtZero, "1", "12")]            // 2 + 10
    [InlineData(NoFlatAtZero, "-1", "-8")]           // 2 − 10
    [InlineData(Volume, "0", "10")]                  // flat₁
    [InlineData(Volume, "100", "210")]               // 10 + 100·2
    [InlineData(Volume, "100.5", "100.5")]           // 0 + 100.5·1
    [InlineData(Volume, "200", "200")]
    [InlineData(Volume, "201", "150.5")]             // 50 + 201·0.5: less than before
    [InlineData(Volume, "-5", "0")]                  // 10 − 5·2
    [InlineData(Tens, "0", "0")]
    [InlineData(Tens, "0.001", "7")]                 // ⌈0.0001⌉ = 1
    [InlineData(Tens, "10", "7")]                    // Q = size is one package
    [InlineData(Tens, "10.001", "14")]
    [InlineData(Tens, "-15", "-7")]                  // ⌈−1.5⌉ = −1
    [InlineData(Tens, "-9", "0")]                    // ⌈−0.9⌉ = 0
    [InlineData(FullTens, "9.999", "0")]             // ⌊0.9999⌋ = 0
    [InlineData(FullTens, "19", "7")]                // ⌊1.9⌋ = 1
    [InlineData(FullTens, "-15", "-14")]             // ⌊−1.5⌋ = −2
    [InlineData(Mixed, "0", "1")]                    // flat₁ + ⌈0⌉
    [InlineData(Mixed, "31", "5")]                   // 1 + ⌈31÷30⌉·2 = 1 + 2·2
    [InlineData(Mixed, "100", "9")]                  // 1 + ⌈3.33⌉·2 = 1 + 4·2
    [InlineData(Mixed, "101", "12")]                 // 9 + ⌈1÷50⌉·3: partial packages per tier
    [InlineData(Mixed, "-45", "-1")]                 // 1 + ⌈−1.5⌉·2 = 1 − 2
    [InlineData(MixedVolume, "100", "9")]            // 1 + ⌈3.33⌉·2
    [InlineData(MixedVolume, "101", "9")]            // ⌈101÷50⌉·3 = 3·3
    [InlineData(Shares, "0", "1")]
    [InlineData(Shares, "1000", "30")]               // 1 + 1000·2.9 %
    [InlineData(Shares, "1500", "37.5")]             // 30 + 500·1.5 %
    [InlineData(Shares, "-100", "-1.9")]             // 1 − 100·2.9 %
    public void A_quantity_costs(string component, string quantity, string exact) =>
        Assert.Equal(exact, Calculate.Rate($$"""{"quantity":"{{quantity}}","component":{{component}} }""").Text("total.exact"));

    // Seats are priced as usage is, on whole numbers; the first flat fee is due without a seat, too.
    [Theory]
    [InlineData("""{"model":"licensed","amount":"99"}""", "0", "99")]
    [InlineData("""{"model":"licensed","amount":"99"}""", "5", "99")]
    [InlineData("""{"model":"licensed","unit":"15"}""", "0", "0")]
    [InlineData("""{"model":"licensed","unit":"15"}""", "7", "105")]
    [InlineData("""{"model":"licensed","unit":"15"}""", "7.000", "105")]
    [InlineData("""{"model":"licensed","unit":"15","fractional_seats":true}""", "2.5", "37.5")]
    [InlineData("""{"model":"licensed","package_size":"5","package_price":"40"}""", "6", "80")]
    [InlineData("""{"model":"licensed","tiers":[{"up_to":"3","flat":"9","unit":"5"},{"unit":"4"}]}""", "0", "9")]
    [InlineData("""{"model":"licensed","tiers":[{"up_to":"3","flat":"9","unit":"5"},{"unit":"4"}]}""", "5", "32")] // 9 + 3·5 + 2·4
    [InlineData("""{"model":"licensed","mode":"volume","tiers":[{"up_to":"3","flat":"9","unit":"5"},{"unit":"4"}]}""", "5", "20")] // 5·4
    [InlineData("""{"model":"licensed","unit":"15","allowance":"3"}""", "7", "60")] // (7 − 3)·15
    public void Seats_cost(string component, string seats, string exact) =>
        Assert.Equal(exact, Calculate.Rate($$"""{"quantity":"{{seats}}","component":{{component}} }""").Text("total.exact"));

    [Theory]
    [InlineData("""{"model":"dynamic"}""", """[{"value":"3"},{"value":"-1"},{"value":"0.5","currency":"USD"}]""", "2.5")]
    [InlineData("""{"model":"dynamic","multiplier":"1.2"}""", """[{"value":"3"},{"value":"2"}]""", "6")]
    [InlineData("""{"model":"dynamic","multiplier":"1.2"}""", "[]", "0")]
    [InlineData("""{"model":"graduated_percentage","tiers":[{"up_to":"1000","percent":"3"},{"percent":"1"}]}""", """[{"value":"900"},{"value":"200"}]""", "31")] // 1000·3 % + 100·1 %
    public void The_money_in_events_costs(string component, string events, string exact) =>
        Assert.Equal(exact, Calculate.Rate($$"""{"events":{{events}},"component":{{component}} }""").Text("total.exact"));

    // An empty service period: no flat price, and no flat fee at zero. Usage that is there is paid all the same.
    [Theory]
    [InlineData(Flat, "0", "0")]
    [InlineData(Graduated, "0", "0")]
    [InlineData(Graduated, "1", "12")]
    [InlineData(Volume, "0", "0")]
    public void A_scope_that_was_never_active_has_no_flat_fee(string component, string quantity, string exact) =>
        Assert.Equal(exact, Calculate.Rate($$"""{"quantity":"{{quantity}}","share":"0","component":{{component}} }""").Text("total.exact"));

    // The share scales what is free and what is bounded; never tier bounds, tier flat fees, package sizes, prices.
    [Theory]
    [InlineData(Graduated, "12", "115")]             // 102 + 3 + 2·5
    [InlineData(Tens, "15", "14")]
    [InlineData(Flat, "0", "12.345")]
    public void A_share_changes_no_price(string component, string quantity, string exact) =>
        Assert.Equal(exact, Calculate.Rate($$"""{"quantity":"{{quantity}}","share":"1/2","component":{{component}} }""").Text("total.exact"));

    [Fact]
    public void Quantities_as_large_as_the_log_can_sum_to_are_exact() => // 10²⁷ · 10⁻¹² and 10²⁷ + 10⁻¹² are beyond System.Decimal
        Assert.Equal("1000000000000000.000000000000000000000001", Calculate.Rate(
            """{"quantity":"1000000000000000000000000000.000000000001","component":{"model":"per_unit","unit":"0.000000000001"}}""").Text("total.exact"));

    // Each tier reached, and always the first: quantity, flat fee, exact amount, from which bound to which. Of volume tiers the one that holds
    // the quantity is reached and has all of it; the first is listed beside it with nothing in it.
    [Theory]
    [InlineData(Graduated, "-4", "0–10: -4 2 -38")]
    [InlineData(Graduated, "0", "0–10: 0 2 2")]
    [InlineData(NoFlatAtZero, "0", "0–10: 0 0 0")]
    [InlineData(Graduated, "10", "0–10: 10 2 102")]
    [InlineData(Graduated, "10.001", "0–10: 10 2 102", "10–20: 0.001 3 3.005")]
    [InlineData(Graduated, "21", "0–10: 10 2 102", "10–20: 10 3 53", "20–: 1 3 8")]
    [InlineData(Volume, "-5", "0–100: -5 10 0")]
    [InlineData(Volume, "0", "0–100: 0 10 10")]
    [InlineData(Volume, "100", "0–100: 100 10 210")]
    [InlineData(Volume, "100.5", "0–100: 0 0 0", "100–200: 100.5 0 100.5")]
    [InlineData(Volume, "201", "0–100: 0 0 0", "200–: 201 50 150.5")]
    [InlineData(MixedVolume, "101", "0–100: 0 0 0", "100–: 101 0 9")]
    public void A_tier_is_listed_when_it_is_reached_and_the_first_always(string component, string quantity, params string[] tiers) =>
        Assert.Equal(
            tiers,
            Calculate.Rate($$"""{"quantity":"{{quantity}}","component":{{component}} }""").GetProperty("explanation").EnumerateArray()
                .Where(step => step.Text("step") == "tier").Select(step => $"{step.Text("from")}–{step.Text("up_to")}: {step.Text("quantity")} {step.Text("flat")} {step.Text("exact")}"));

    [Fact]
    public void Each_tier_that_is_listed_shows_its_own_price() =>
        Assert.Equal(
            [
                """{"step":"tier","from":"0","up_to":"100","quantity":"0","package_size":"30","package_price":"2","flat":"0","exact":"0"}""",
                """{"step":"tier","from":"100","up_to":null,"quantity":"101","package_size":"50","package_price":"3","flat":"0","exact":"9"}""",
            ],
            Calculate.Rate($$"""{"quantity":"101","component":{{MixedVolume}} }""").GetProperty("explanation").EnumerateArray().Take(2).Select(step => step.ToString()));

    [Fact]
    public void No_usage_is_rated_as_zero()
    {
        Assert.Equal("2.00", Calculate.Rate($$"""{"events":[],"component":{{Shares.Replace("\"flat\":\"1\"", "\"flat\":\"2\"", StringComparison.Ordinal)}} }""").Text("amount"));
        Assert.Equal("2.00", Calculate.Rate($$"""{"events":[],"component":{{Graduated}} }""").Text("amount"));
        Assert.Equal("0.00", Calculate.Rate("""{"events":[],"component":{"model":"percentage","percent":"3","fixed":"1","min_per_event":"2"}}""").Text("amount"));
    }
}
