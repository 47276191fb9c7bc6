using System.Text.Json;
using System.Text.RegularExpressions;
using Metering.Host.Tests.Support;
using Xunit;

namespace Metering.Host.Tests.Pricing;

/// <summary>The calculators on the command line; no server runs for them.</summary>
public sealed partial class CalculatorCommandTests
{
    private const string Graduated =
        """{"model":"graduated","tiers":[{"up_to":"10","flat":"2","unit":"10"},{"up_to":"20","flat":"3","unit":"5"},{"up_to":null,"flat":"3","unit":"5"}],"minimum":"200"}""";

    [Fact]
    public async Task Every_step_is_in_the_table()
    {
        CommandRun run = await CommandRun.RunAsync("rate", "--currency", "USD", "--quantity", "12", "--component", Graduated);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        string[] rows = Rows(run);
        Assert.Contains("tier 0 10 10 10 each 2 102", rows);
        Assert.Contains("tier 10 20 2 5 each 3 13", rows);
        Assert.Contains("minimum at least 200 85", rows);
        Assert.Contains("round half_away_from_zero 200 → 200.00", rows);
        Assert.Contains("usage 115 115.00", rows);
        Assert.Contains("minimum 85 85.00", rows);
        Assert.Equal("200.00 USD", rows[^1]);
    }

    [Fact]
    public async Task A_step_of_an_open_period_is_the_total_minus_what_is_rated()
    {
        CommandRun run = await CommandRun.RunAsync("rate", "--currency", "USD", "--quantity", "12", "--already", "7", "--open", "--component", Graduated);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("already −(72)", Rows(run));
        Assert.Equal("115.00 in all − 72.00 already = 43.00 USD", Rows(run)[^1]);
    }

    [Theory]
    [InlineData("""{"model":"package","package_size":"100","package_price":"7"}""", "250", "tier 0 ∞ 250 7 per 100, or part 0 21")]
    [InlineData("""{"model":"per_unit","unit":"0.5","conversion":{"op":"divide","factor":"1000","round":"up","precision":0},"allowance":"1"}""", "2100", "convert 2100 3 ÷ 1000, up to 0 places")]
    [InlineData("""{"model":"per_unit","unit":"0.5","conversion":{"op":"divide","factor":"1000","round":"up","precision":0},"allowance":"1"}""", "2100", "allowance 3 2 1 free")]
    [InlineData("""{"model":"dynamic","multiplier":"1.2","discounts":[{"percent":"50"}]}""", "10", "tier 0 ∞ 10 × 1.2 0 12")]
    [InlineData("""{"model":"dynamic","multiplier":"1.2","discounts":[{"percent":"50"}]}""", "10", "discount −50 % -6")]
    public async Task Each_kind_of_price_says_what_it_multiplied(string component, string quantity, string row) =>
        Assert.Contains(row, Rows(await CommandRun.RunAsync("rate", "--currency", "USD", "--quantity", quantity, "--component", component)));

    [Fact]
    public async Task Events_and_cells_are_priced_too()
    {
        CommandRun events = await CommandRun.RunAsync(
            "rate", "--currency", "USD", "--events", """[{"value":"50","id":"a"},{"value":"200","id":"b"}]""", "--component", """{"model":"percentage","percent":"2.5","fixed":"0.30","free_events":1}""");
        Assert.Contains("event a 50 2.5 % after 50 free 0 0", Rows(events));
        Assert.Contains("event b 200 2.5 % after 0 free 0.3 5.3", Rows(events));

        CommandRun cells = await CommandRun.RunAsync(
            "rate", "--currency", "USD", "--cells", """[{"key":{"model":"gpt"},"quantity":"5"},{"key":{"model":"o"},"quantity":"2"}]""",
            "--component", """{"model":"matrix","dimensions":["model"],"cells":[{"key":{"model":"gpt"},"component":{"model":"per_unit","unit":"3"}}],"default":{"model":"per_unit","unit":"1"}}""");
        Assert.Contains("tier model=gpt 0 ∞ 5 3 each 0 15", Rows(cells));
        Assert.Contains("usage model=o 2 2.00", Rows(cells));
        Assert.Equal("17.00 USD", Rows(cells)[^1]);
    }

    [Fact]
    public async Task A_file_is_a_component_or_a_whole_case_and_options_go_before_it()
    {
        using TempFolder folder = new();
        string component = folder.Write("component.json", Graduated);
        string whole = folder.Write("case.json", $$"""{"id":"x","currency":"EUR","quantity":"12","closing":false,"share":"1/2","component":{{Graduated}}}""");

        Assert.Equal("200.00 USD", Rows(await CommandRun.RunAsync("rate", component, "--currency", "USD", "--quantity", "12"))[^1]);
        Assert.Equal("115.00 EUR", Rows(await CommandRun.RunAsync("rate", whole))[^1]);
        Assert.Equal("2.00 EUR", Rows(await CommandRun.RunAsync("rate", whole, "--quantity", "0"))[^1]);
        JsonElement answer = JsonDocument.Parse((await CommandRun.RunAsync("rate", whole, "--json")).Out).RootElement;
        Assert.Equal("115.00", answer.GetProperty("results")[0].GetProperty("amount").GetString());
        Assert.True(answer.TryGetProperty("rules_version", out _));
    }

    [Fact]
    public async Task A_refusal_names_the_field_and_is_exit_code_1()
    {
        CommandRun run = await CommandRun.RunAsync("rate", "--currency", "USD", "--quantity", "1", "--component", """{"model":"graduated","tiers":[{"up_to":"10","unit":"x"}]}""");

        Assert.Equal((1, ""), (run.ExitCode, run.Out));
        Assert.StartsWith("metering: component.tiers[0].unit: ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rate", "--currency", "USD")]
    [InlineData("rate", "no-such-file.json")]
    [InlineData("rate", "--component", "{")]
    [InlineData("prorate", "no-such-file.json")]
    public async Task What_cannot_be_read_is_exit_code_2(params string[] args)
    {
        CommandRun run = await CommandRun.RunAsync(args);

        Assert.Equal((2, ""), (run.ExitCode, run.Out));
        Assert.StartsWith("metering: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_cases_are_priced_each_in_its_own_currency()
    {
        using TempFolder folder = new();
        string file = folder.Write("cases.json", """
            {"cases":[{"id":"a","currency":"USD","quantity":"3","component":{"model":"per_unit","unit":"2"}},{"id":"b","currency":"USD"},
                      {"id":"c","currency":"JPY","quantity":"3","component":{"model":"per_unit","unit":"2"}}]}
            """);
        CommandRun run = await CommandRun.RunAsync("rate", file);
        string[] rows = Rows(run);
        Assert.Equal(1, run.ExitCode);
        Assert.Equal(["case a", "6.00 USD", "case c", "6 JPY"], rows.Where(row => row.StartsWith("case", StringComparison.Ordinal) || row.StartsWith('6')));
        Assert.StartsWith("metering: case b: component: is required", run.Error, StringComparison.Ordinal);

        CommandRun changed = await CommandRun.RunAsync("rate", file, "--quantity", "5");
        Assert.Equal((2, "", "metering: --quantity says something of one case; the file has a list of them."), (changed.ExitCode, changed.Out, changed.Error.Trim()));
    }

    [Fact]
    public async Task Proration_is_shown_line_by_line()
    {
        using TempFolder folder = new();
        string file = folder.Write("change.json", """
            {"currency":"USD","unit":"day","period":["2026-01-01","2026-01-31"],
             "charges":[{"id":"old","amount":"100","to":"2026-01-16","billed":"100"},{"id":"new","amount":"200","from":"2026-01-16"}]}
            """);
        CommandRun run = await CommandRun.RunAsync("prorate", file);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains("old credit 2026-01-16T00:00:00Z 2026-01-31T00:00:00Z 1/2 -50 -50.00", Rows(run));
        Assert.Contains("new charge 2026-01-16T00:00:00Z 2026-01-31T00:00:00Z 1/2 100 100.00", Rows(run));
        Assert.Equal("net 50.00, upgrade, of 30 days", Rows(run)[^1]);
    }

    [Fact]
    public async Task Periods_are_shown_row_by_row_and_a_case_that_is_refused_harms_no_other()
    {
        using TempFolder folder = new();
        string file = folder.Write("cadence.json", """
            {"cases":[{"id":"1","zone":"Asia/Kolkata","interval":{"unit":"month","count":1},"anchor":{"at":"2024-01-31"},"start":"2024-02-16","count":1},{"id":"2","start":"2024-01-01"}]}
            """);
        CommandRun run = await CommandRun.RunAsync("periods", file);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(
            "0 2024-01-30T18:30:00Z 2024-02-28T18:30:00Z 2024-01-31T00:00 2024-02-29T00:00 2024-02-15T18:30:00Z 2024-02-28T18:30:00Z 13 of 29 13/29", Rows(run));
        Assert.StartsWith("metering: case 2: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("interval: is required", run.Error, StringComparison.Ordinal);
    }

    /// <summary>The lines of the output, each run of blanks as one.</summary>
    private static string[] Rows(CommandRun run) => [.. run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Blanks().Replace(line, " ").Trim()).Where(line => line.Length > 0)];

    [GeneratedRegex(" +")]
    private static partial Regex Blanks();
}
