using System.CommandLine;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Settings;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary><c>metering meters</c>: what is counted.</summary>
internal static class MetersCommand
{
    public static Command Create() => new("meters", """
        List, create, show and delete meters.

        Examples:
          metering meters list
          metering meters create tokens --event-type llm --aggregation SUM --value '$.tokens' --group-by model=$.model
        """)
    {
        CreateList(),
        CreateCreate(),
        CreateGet(),
        CreateDelete(),
    };

    private static Command CreateList()
    {
        Option<bool> asJson = new("--json") { Description = "The server's answer as it is" };
        return ClientCommand.Create("list", """
            List all meters.

            Examples:
              metering meters list
              metering meters list --json
            """, [asJson], async (client, parsed, token) =>
        {
            using JsonDocument meters = await client.GetAsync("api/v1/meters?pageSize=1000", token);
            if (parsed.GetValue(asJson))
            {
                Console.WriteLine(JsonText.Indented(meters.RootElement));
                return ExitCode.Success;
            }

            Table table = Terminal.NewTable("meter", "aggregation", "event type", "value", "group by");
            foreach (JsonElement meter in meters.RootElement.EnumerateArray())
            {
                string groups = string.Join(", ", meter.GetProperty("groupBy").EnumerateObject().Select(dimension => dimension.Name));
                string[] cells = [JsonText.Member(meter, "slug"), JsonText.Member(meter, "aggregation"), JsonText.Member(meter, "eventType"), JsonText.Member(meter, "valueProperty"), groups];
                table.AddRow([.. cells.Select(Markup.Escape)]);
            }

            Terminal.Out().Write(table);
            return ExitCode.Success;
        });
    }

    private static Command CreateCreate()
    {
        Argument<string> slug = new("SLUG") { Description = "Its name in queries: a-z, 0-9 and underscores" };
        Option<string> type = new("--event-type") { Description = "The events it counts", HelpName = "TYPE", Required = true };
        Option<string> aggregation = new("--aggregation") { Description = "COUNT, SUM, MIN, MAX, AVG, LATEST or UNIQUE_COUNT", HelpName = "NAME", Required = true };
        Option<string?> value = new("--value") { Description = "Where in the data the value is (not for COUNT)", HelpName = "PATH" };
        Option<string[]> groupBy = new("--group-by") { Description = "A dimension to group and filter by", HelpName = "NAME=PATH", AllowMultipleArgumentsPerToken = true };
        Option<string?> name = new("--name") { Description = "For people", HelpName = "TEXT" };
        return ClientCommand.Create("create", """
            Create a meter. It also counts the events that came before it.

            Examples:
              metering meters create requests --event-type llm --aggregation COUNT
              metering meters create tokens --event-type llm --aggregation SUM --value '$.tokens' --group-by model=$.model type=$.type
            """, [slug, type, aggregation, value, groupBy, name], async (client, parsed, token) =>
        {
            string body = JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString("slug", parsed.GetValue(slug));
                json.WriteString("eventType", parsed.GetValue(type));
                json.WriteString("aggregation", parsed.GetValue(aggregation)!.ToUpperInvariant());
                json.WriteString("valueProperty", parsed.GetValue(value));
                json.WriteString("name", parsed.GetValue(name));
                WriteGroups(json, parsed.GetValue(groupBy) ?? []);
                json.WriteEndObject();
            });
            using JsonDocument meter = await client.PostAsync("api/v1/meters", body, token);
            Console.WriteLine(JsonText.Indented(meter.RootElement));
            return ExitCode.Success;
        });
    }

    private static void WriteGroups(Utf8JsonWriter json, string[] groups)
    {
        json.WriteStartObject("groupBy");
        foreach (string group in groups)
        {
            int equals = group.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new SettingsException($"--group-by {group}: expected NAME=PATH, such as 'model=$.model'.");
            }

            json.WriteString(group[..equals], group[(equals + 1)..]);
        }

        json.WriteEndObject();
    }

    private static Command CreateGet()
    {
        Argument<string> meter = new("METER") { Description = "Slug or id" };
        return ClientCommand.Create("get", """
            Show a meter.

            Examples:
              metering meters get tokens
            """, [meter], async (client, parsed, token) =>
        {
            using JsonDocument found = await client.GetAsync(new Url("api", "v1", "meters", parsed.GetValue(meter)!).ToString(), token);
            Console.WriteLine(JsonText.Indented(found.RootElement));
            return ExitCode.Success;
        });
    }

    private static Command CreateDelete()
    {
        Argument<string> meter = new("METER") { Description = "Slug or id" };
        return ClientCommand.Create("delete", """
            Delete a meter. Its events stay.

            Examples:
              metering meters delete tokens
            """, [meter], async (client, parsed, token) =>
        {
            await client.DeleteAsync(new Url("api", "v1", "meters", parsed.GetValue(meter)!).ToString(), token);
            Console.WriteLine($"{parsed.GetValue(meter)} is deleted.");
            return ExitCode.Success;
        });
    }
}
