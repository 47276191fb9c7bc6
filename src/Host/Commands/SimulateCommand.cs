using System.CommandLine;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Pricing;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary><c>metering simulate</c>: past usage priced with another version, the largest differences first.</summary>
internal sealed class SimulateCommand
{
    private readonly Option<string> _book = new("--price-book") { Description = "Key of the price book", HelpName = "KEY", Required = true };
    private readonly Option<int> _version = new("--version") { Description = "The version to try out; a draft will do", HelpName = "N", Required = true };
    private readonly Option<int?> _against = new("--against") { Description = "The version to compare with (default: the one that applied)", HelpName = "N" };
    private readonly Option<string> _plan = new("--plan") { Description = "Key of the plan", HelpName = "KEY", Required = true };
    private readonly Option<string> _from = new("--from") { Description = "Begin of the period, a whole minute such as 2026-01-01T00:00:00Z", HelpName = "TIME", Required = true };
    private readonly Option<string> _to = new("--to") { Description = "Its end, which is not part of it", HelpName = "TIME", Required = true };
    private readonly Option<string[]> _customers = new("--customer") { Description = "Only these (default: all with usage)", HelpName = "CUSTOMER", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string[]> _seats = new("--seats") { Description = "Seats of a licensed component (default 1)", HelpName = "COMPONENT=N", AllowMultipleArgumentsPerToken = true };
    private readonly Option<int?> _seal = new("--seal") { Description = "Usage as it was known with this seal (default: the newest)", HelpName = "N" };
    private readonly Option<int> _top = new("--top") { Description = "Customers to show (default 20)", HelpName = "N", DefaultValueFactory = _ => 20 };
    private readonly Option<bool> _explain = new("--explain") { Description = "Every step of the customers that are shown" };
    private readonly Option<bool> _json = new("--json") { Description = "The server's answers as they are, one a line, all customers" };

    public static Command Create()
    {
        SimulateCommand simulate = new();
        return ClientCommand.Create("simulate", """
            Price the real usage of a past period with another version of a price book, beside the one that applied.

            Examples:
              metering simulate --price-book standard --version 3 --plan pro --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z
              metering simulate --price-book standard --version 3 --against 1 --plan pro --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z --customer acme --explain
              metering simulate --price-book standard --version 3 --plan team --seats seats=25 --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z --json
            """,
            [
                simulate._book, simulate._version, simulate._against, simulate._plan, simulate._from, simulate._to, simulate._customers, simulate._seats, simulate._seal, simulate._top, simulate._explain,
                simulate._json,
            ],
            simulate.RunAsync);
    }

    private async Task<int> RunAsync(MeteringClient client, ParseResult parsed, CancellationToken cancellationToken)
    {
        int top = parsed.GetValue(_top);
        if (top is < 1 or > LargestDifferences.MaxKept)
        {
            throw new SettingsException($"--top {top}: expected 1 to {LargestDifferences.MaxKept}.");
        }

        SimulationPages pages = new(client, Body(parsed));
        bool asJson = parsed.GetValue(_json);
        bool explain = parsed.GetValue(_explain);
        LargestDifferences differences = new(top);
        await foreach (JsonDocument page in pages.ReadAsync(explain && asJson, cancellationToken))
        {
            using (page)
            {
                if (asJson)
                {
                    Console.WriteLine(page.RootElement.GetRawText());
                }

                differences.Add(page.RootElement);
            }
        }

        if (!asJson)
        {
            differences.Show();
            if (explain)
            {
                await ExplainAsync(client, pages, differences, cancellationToken);
            }
        }

        return differences.Refused == 0 ? ExitCode.Success : ExitCode.Failed;
    }

    private static async Task ExplainAsync(MeteringClient client, SimulationPages pages, LargestDifferences differences, CancellationToken cancellationToken)
    {
        foreach (string customer in differences.Customers)
        {
            using JsonDocument answer = await client.PostAsync(SimulationPages.Path, pages.Explaining(customer, differences.Seal), cancellationToken);
            SimulationTables.Explain(answer.RootElement);
        }
    }

    private Action<Utf8JsonWriter> Body(ParseResult parsed) => json =>
    {
        json.WriteString("price_book", parsed.GetValue(_book));
        json.WriteNumber("version", parsed.GetValue(_version));
        json.WriteString("plan", parsed.GetValue(_plan));
        json.WriteStartArray("period");
        json.WriteStringValue(parsed.GetValue(_from));
        json.WriteStringValue(parsed.GetValue(_to));
        json.WriteEndArray();
        WriteNumber(json, "against", parsed.GetValue(_against));
        WriteNumber(json, "seal", parsed.GetValue(_seal));
        if (parsed.GetValue(_customers) is { Length: > 0 } customers)
        {
            json.WriteStartArray("customers");
            Array.ForEach(customers, json.WriteStringValue);
            json.WriteEndArray();
        }

        json.WriteStartObject("seats");
        foreach (string one in parsed.GetValue(_seats) ?? [])
        {
            int equals = one.IndexOf('=', StringComparison.Ordinal);
            json.WriteString(equals > 0 ? one[..equals] : throw new SettingsException($"--seats {one}: expected COMPONENT=N."), one[(equals + 1)..]);
        }

        json.WriteEndObject();
    };

    private static void WriteNumber(Utf8JsonWriter json, string name, int? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }
}
