using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Settings;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary><c>metering query</c>: usage of a meter as a table with bars, as JSON or as CSV.</summary>
internal sealed class QueryCommand
{
    private const int BarWidth = 30;

    private readonly Argument<string> _meter = new("METER") { Description = "Slug or id" };
    private readonly Option<string?> _from = new("--from") { Description = "From this minute on, as 2024-01-31T00:00:00Z", HelpName = "TIME" };
    private readonly Option<string?> _to = new("--to") { Description = "Up to, and without, this minute", HelpName = "TIME" };
    private readonly Option<string?> _window = new("--window") { Description = "minute, hour, day or month (default: one total)", HelpName = "SIZE" };
    private readonly Option<string[]> _groupBy = new("--group-by") { Description = "Dimensions, and subject", HelpName = "NAMES", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string[]> _subject = new("--subject") { Description = "Only these customers", HelpName = "SUBJECT" };
    private readonly Option<string?> _zone = new("--tz") { Description = "Time zone of hours, days and months, as Europe/Berlin (default UTC)", HelpName = "ZONE" };
    private readonly Option<string[]> _filter = new("--filter") { Description = "Only this value of a dimension", HelpName = "DIMENSION=VALUE", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> _asOf = new("--as-of") { Description = "As it was known with this seal", HelpName = "SEAL" };
    private readonly Option<bool> _json = new("--json") { Description = "The server's answer as it is" };
    private readonly Option<bool> _csv = new("--csv") { Description = "As CSV" };

    public static Command Create()
    {
        QueryCommand query = new();
        return ClientCommand.Create("query", """
            Show the usage of a meter.

            Examples:
              metering query tokens --group-by subject,model
              metering query tokens --window day --tz Europe/Berlin --from 2024-01-01T00:00:00Z --subject acme
              metering query tokens --window hour --filter model=gpt-4o --csv
            """,
            [query._meter, query._from, query._to, query._window, query._groupBy, query._subject, query._zone, query._filter, query._asOf, query._json, query._csv],
            query.RunAsync);
    }

    private async Task<int> RunAsync(MeteringClient client, ParseResult parsed, CancellationToken cancellationToken)
    {
        string url = Address(parsed).ToString();
        if (parsed.GetValue(_csv))
        {
            await Console.Out.WriteAsync(await client.GetTextAsync(url, "text/csv", cancellationToken));
            return ExitCode.Success;
        }

        using JsonDocument answer = await client.GetAsync(url, cancellationToken);
        if (parsed.GetValue(_json))
        {
            Console.WriteLine(JsonText.Indented(answer.RootElement));
            return ExitCode.Success;
        }

        Show([.. answer.RootElement.GetProperty("data").EnumerateArray()]);
        return ExitCode.Success;
    }

    private Url Address(ParseResult parsed)
    {
        Url url = new Url("api", "v1", "meters", parsed.GetValue(_meter)!, "query")
            .With("from", parsed.GetValue(_from))
            .With("to", parsed.GetValue(_to))
            .With("windowSize", parsed.GetValue(_window)?.ToUpperInvariant())
            .With("windowTimeZone", parsed.GetValue(_zone))
            .With("asOf", parsed.GetValue(_asOf))
            .WithAll("subject", parsed.GetValue(_subject) ?? [])
            .WithAll("groupBy", (parsed.GetValue(_groupBy) ?? []).SelectMany(names => names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)));
        foreach (string filter in parsed.GetValue(_filter) ?? [])
        {
            int equals = filter.IndexOf('=', StringComparison.Ordinal);
            _ = equals > 0 ? url.With($"filterGroupBy[{filter[..equals]}]", filter[(equals + 1)..]) : throw new SettingsException($"--filter {filter}: expected DIMENSION=VALUE.");
        }

        return url;
    }

    private static void Show(IReadOnlyList<JsonElement> rows)
    {
        if (rows.Count == 0)
        {
            Console.WriteLine("No usage.");
            return;
        }

        string[] groups = [.. rows[0].GetProperty("groupBy").EnumerateObject().Select(group => group.Name)];
        bool hasSubject = rows.Any(row => row.GetProperty("subject").ValueKind == JsonValueKind.String);
        Table table = Terminal.NewTable(["from", "to", .. hasSubject ? ["subject"] : Array.Empty<string>(), .. groups, "value", ""]);
        table.Columns[^2].RightAligned();
        decimal largest = rows.Max(row => Math.Abs(Value(row)));
        foreach (JsonElement row in rows)
        {
            string[] subject = hasSubject ? [JsonText.Member(row, "subject")] : [];
            string[] cells =
            [
                JsonText.Member(row, "windowStart"), JsonText.Member(row, "windowEnd"), .. subject,
                .. groups.Select(group => JsonText.Member(row.GetProperty("groupBy"), group)),
                Value(row).ToString("#,0.############", CultureInfo.InvariantCulture), Bar(Value(row), largest),
            ];
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        Terminal.Out().Write(table);
    }

    private static decimal Value(JsonElement row) => row.GetProperty("value").GetDecimal();

    private static string Bar(decimal value, decimal largest) => largest == 0 ? "" : new string('█', (int)Math.Round(Math.Abs(value) / largest * BarWidth));
}
