using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary><c>metering events</c>: the events themselves, and everything known about one.</summary>
internal static class EventsCommand
{
    private const int PageSize = 100;
    private static readonly string[] s_columns = ["time", "type", "subject", "source", "id", "data"];

    public static Command Create()
    {
        Option<string?> subject = new("--subject") { Description = "Only this customer's", HelpName = "SUBJECT" };
        Option<string?> type = new("--type") { Description = "Only this type", HelpName = "TYPE" };
        Option<string?> from = new("--from") { Description = "Since this time, as 2024-01-31T00:00:00Z", HelpName = "TIME" };
        Option<int> limit = new("--limit") { Description = "At most so many (default 20)", HelpName = "N", DefaultValueFactory = _ => 20 };
        Option<bool> asJson = new("--json") { Description = "One event a line, as NDJSON" };
        Command command = ClientCommand.Create("events", """
            List events, the latest first; or show the history of one.

            Examples:
              metering events --subject acme --limit 50
              metering events --type llm --from 2024-01-31T00:00:00Z --json
              metering events history --source gateway-eu --id req-1
            """, [subject, type, from, limit, asJson], async (client, parsed, token) =>
        {
            string filter = Filter(parsed.GetValue(subject), parsed.GetValue(type), parsed.GetValue(from));
            List<JsonElement> events = await ReadAsync(client, filter, parsed.GetValue(limit), token);
            Show(events, parsed.GetValue(asJson));
            return ExitCode.Success;
        });
        command.Subcommands.Add(CreateHistory());
        return command;
    }

    private static string Filter(string? subject, string? type, string? from) => JsonText.Write(json =>
    {
        json.WriteStartObject();
        foreach ((string name, string comparison, string? value) in new[] { ("subject", "$eq", subject), ("type", "$eq", type), ("time", "$gte", from) })
        {
            if (value is not null)
            {
                json.WriteStartObject(name);
                json.WriteString(comparison, value);
                json.WriteEndObject();
            }
        }

        json.WriteEndObject();
    });

    private static async Task<List<JsonElement>> ReadAsync(MeteringClient client, string filter, int limit, CancellationToken cancellationToken)
    {
        List<JsonElement> events = [];
        string? cursor = null;
        while (events.Count < limit)
        {
            Url url = new Url("api", "v2", "events").With("filter", filter == "{}" ? null : filter).With("cursor", cursor)
                .With("limit", Math.Min(PageSize, limit - events.Count).ToString(CultureInfo.InvariantCulture));
            using JsonDocument page = await client.GetAsync(url.ToString(), cancellationToken);
            events.AddRange(page.RootElement.GetProperty("items").EnumerateArray().Select(item => item.Clone()));
            cursor = JsonText.Member(page.RootElement, "nextCursor");
            if (cursor.Length == 0)
            {
                break;
            }
        }

        return events;
    }

    private static void Show(List<JsonElement> events, bool asJson)
    {
        if (asJson)
        {
            events.ForEach(one => Console.WriteLine(one.GetRawText()));
            return;
        }

        Table table = Terminal.NewTable([.. s_columns, "note"]);
        foreach (JsonElement one in events)
        {
            JsonElement content = one.GetProperty("event");
            string[] cells = [.. s_columns.Select(name => JsonText.Member(content, name)), Note(one)];
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        Terminal.Out().Write(table);
    }

    private static string Note(JsonElement one) => string.Join(", ", new[]
    {
        JsonText.Member(one, "amended") == "true" ? "amended" : "",
        JsonText.Member(one, "voided") == "true" ? "voided" : "",
        JsonText.Member(one, "validationError"),
    }.Where(note => note.Length > 0));

    private static Command CreateHistory()
    {
        Option<string> source = new("--source") { Description = "The event's source", HelpName = "SOURCE", Required = true };
        Option<string> id = new("--id") { Description = "The event's id", HelpName = "ID", Required = true };
        return ClientCommand.Create("history", """
            Show everything that is known about one event: itself, its amendments, its void.

            Examples:
              metering events history --source gateway-eu --id req-1
            """, [source, id], async (client, parsed, token) =>
        {
            Url url = new Url("v1", "events", "history").With("source", parsed.GetValue(source)).With("id", parsed.GetValue(id));
            using JsonDocument history = await client.GetAsync(url.ToString(), token);
            Console.WriteLine(JsonText.Indented(history.RootElement));
            return ExitCode.Success;
        });
    }
}
