using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Commands;
using Metering.Host.Composition;
using Spectre.Console;

namespace Metering.Host.Demo;

/// <summary>What the demo prints when everything is counted.</summary>
internal sealed class DemoReport(IAnsiConsole console, MeteringServer server, string tenant)
{
    private const int ShownDifferences = 10;

    public void Usage(DemoAnswers answers)
    {
        Heading("Usage by customer and model");
        Table table = Terminal.NewTable("customer", "model", "requests", "input tokens", "output tokens");
        foreach (int column in new[] { 2, 3, 4 })
        {
            table.Columns[column].RightAligned();
        }

        foreach (((string customer, string model), decimal requests) in answers.Requests.OrderBy(row => row.Key))
        {
            table.AddRow(
                customer, model, Number(requests),
                Number(answers.Tokens.GetValueOrDefault((customer, model, "input"))),
                Number(answers.Tokens.GetValueOrDefault((customer, model, "output"))));
        }

        table.AddRow("all", "", Number(answers.Requests.Values.Sum()), Number(Sum(answers, "input")), Number(Sum(answers, "output")));
        console.Write(table);
    }

    public void Corrections(IReadOnlyList<string[]> rows, DateTimeOffset upto)
    {
        Heading(string.Create(CultureInfo.InvariantCulture, $"Corrections: usage of minutes before {upto:HH:mm} that came after they were sealed"));
        if (rows.Count == 0)
        {
            console.WriteLine("none");
            return;
        }

        Table table = Terminal.NewTable("customer", "why", "events", "tokens");
        table.Columns[2].RightAligned();
        table.Columns[3].RightAligned();
        foreach (string[] row in rows)
        {
            table.AddRow(row[0], row[1], Number(Parse(row[2])), Number(Parse(row[3])));
        }

        console.Write(table);
    }

    public void NotCounted(IReadOnlyList<string[]> rows, long duplicates, long planned)
    {
        Heading("Kept aside, never counted (metering dead-letters list)");
        Table table = Terminal.NewTable("reason", "events", "for example");
        foreach (string[] row in rows)
        {
            table.AddRow(Markup.Escape(row[0]), row[1], Markup.Escape(row[2]));
        }

        console.Write(table);
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Duplicates found and left out: {duplicates:N0} (sent: {planned:N0})"));
        console.WriteLine();
    }

    /// <returns>Whether both verdicts are good.</returns>
    public bool Verdict(JsonElement audit, IReadOnlyList<string> differences, DemoExpectation expected)
    {
        List<string> findings = [.. audit.GetProperty("findings").EnumerateArray().Select(finding => finding.GetString()!)];
        Line(findings.Count == 0, string.Create(CultureInfo.InvariantCulture,
            $"Audit: {audit.GetProperty("eventsRecomputed").GetInt64():N0} events counted again, {audit.GetProperty("windowRows").GetInt64():N0} stored window rows compared"), findings);
        Line(differences.Count == 0, string.Create(CultureInfo.InvariantCulture,
            $"Expectation: {expected.Events:N0} distinct events added up by the generator, {expected.Tokens.Count + expected.Requests.Count} totals compared to the digit"), differences);
        return findings.Count == 0 && differences.Count == 0;
    }

    /// <param name="upto">Minutes before this one are sealed.</param>
    public void Addresses(DateTimeOffset first, DateTimeOffset upto)
    {
        string header = tenant == DemoRun.DefaultTenant ? "" : $" -H 'X-Metering-Tenant: {tenant}'";
        string option = tenant == DemoRun.DefaultTenant ? "" : $" --tenant {tenant}";
        string at = server.HttpAddress == ClientOptions.DefaultServer ? "" : $" --server {server.HttpAddress}";
        (string from, string to) = (Minute(first), Minute(upto));
        Heading("Still serving. Try:");

        // Past the console: it would fold a command that is to be copied.
        TextWriter plain = console.Profile.Out.Writer;
        plain.WriteLine($"  curl{header} '{server.HttpAddress}/api/v1/meters/llm_tokens/query?windowSize=MINUTE&groupBy=model'");
        plain.WriteLine($"  metering query llm_tokens --group-by subject,model{option}{at}");
        plain.WriteLine($"  metering simulate --price-book {DemoPrices.Book} --version 1 --against 2 --plan {DemoPrices.Plan} --from {from} --to {to} --explain{option}{at}");
        plain.WriteLine($"  curl '{server.ClickHouseAddress}/?database=metering' -d 'SELECT subject, sum(value) FROM usage_by_minute WHERE meter = $$llm_tokens$$ GROUP BY subject FORMAT PrettyCompact'");
        plain.WriteLine();
        plain.WriteLine($"http {server.HttpAddress}  grpc {server.GrpcAddress}  clickhouse {server.ClickHouseAddress}  postgres {server.PostgresAddress}  data {server.Settings.Data}");
        plain.WriteLine("Ctrl-C stops.");
    }

    private static string Minute(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static decimal Sum(DemoAnswers answers, string type) => answers.Tokens.Where(row => row.Key.Type == type).Sum(row => row.Value);

    private static string Number(decimal value) => value.ToString("#,0.############", CultureInfo.InvariantCulture);

    private static decimal Parse(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);

    private void Heading(string text)
    {
        console.WriteLine();
        console.MarkupLine($"[bold]{Markup.Escape(text)}[/]");
    }

    private void Line(bool good, string text, IReadOnlyList<string> problems)
    {
        console.MarkupLine($"{(good ? "[green]exact[/]" : "[red]WRONG[/]")}  {Markup.Escape(text)}");
        foreach (string problem in problems.Take(ShownDifferences))
        {
            console.WriteLine($"       {problem}");
        }
    }
}
