using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Settings;
using Spectre.Console;

namespace Metering.Host.Commands;

/// <summary><c>metering dead-letters</c>: what was not counted, and its repair.</summary>
internal static class DeadLettersCommand
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly Option<bool> s_unreadable = new("--unreadable") { Description = "Records of the log that could not be read at all; on the server's own machine" };
    private static readonly string[] s_columns = ["part", "off", "at", "code", "message", "source", "id"];

    public static Command Create() => new("dead-letters", """
        List, show and replay what was not counted.

        Examples:
          metering dead-letters list
          metering dead-letters show 2 1743
          metering dead-letters replay 2 1743 --data repaired.json
        """)
    {
        CreateList(),
        CreateShow(),
        CreateReplay(),
    };

    private static Command CreateList()
    {
        Option<string?> code = new("--code") { Description = "Only this reason, such as missing_field", HelpName = "CODE" };
        Option<string?> from = new("--from") { Description = "Taken since this time", HelpName = "TIME" };
        Option<int> limit = new("--limit") { Description = "At most so many (default 100)", HelpName = "N", DefaultValueFactory = _ => 100 };
        Option<bool> asJson = new("--json") { Description = "One a line, as NDJSON" };
        return ClientCommand.Create("list", """
            List dead letters, the newest first.

            Examples:
              metering dead-letters list
              metering dead-letters list --code conflict --json
              metering dead-letters list --unreadable
            """, [code, from, limit, asJson, s_unreadable], async (client, parsed, token) =>
        {
            Url url = Letters(parsed).With("code", parsed.GetValue(code)).With("from", parsed.GetValue(from))
                .With("limit", parsed.GetValue(limit).ToString(CultureInfo.InvariantCulture));
            using JsonDocument letters = await client.GetAsync(url.ToString(), token);
            Show([.. letters.RootElement.GetProperty("items").EnumerateArray()], parsed.GetValue(asJson));
            return ExitCode.Success;
        });
    }

    private static void Show(List<JsonElement> letters, bool asJson)
    {
        if (asJson)
        {
            letters.ForEach(letter => Console.WriteLine(letter.GetRawText()));
            return;
        }

        Table table = Terminal.NewTable([.. s_columns, "replayed"]);
        foreach (JsonElement letter in letters)
        {
            string[] cells = [.. s_columns.Select(name => JsonText.Member(letter, name))];
            table.AddRow([.. cells.Select(Markup.Escape), JsonText.Member(letter, "replayed") == "true" ? "yes" : ""]);
        }

        Terminal.Out().Write(table);
    }

    private static (Argument<int> Part, Argument<long> Off) Place() =>
        (new("PART") { Description = "The partition, as listed" }, new("OFF") { Description = "The offset, as listed" });

    private static Url Letters(ParseResult parsed, params string[] place) =>
        new Url(["v1", "dead-letters", .. place]).With("unreadable", parsed.GetValue(s_unreadable) ? "true" : null);

    private static Url Letter(ParseResult parsed, Argument<int> part, Argument<long> off, params string[] what) => Letters(
        parsed, [parsed.GetValue(part).ToString(CultureInfo.InvariantCulture), parsed.GetValue(off).ToString(CultureInfo.InvariantCulture), .. what]);

    private static Command CreateShow()
    {
        (Argument<int> part, Argument<long> off) = Place();
        Option<bool> raw = new("--raw") { Description = "Only the bytes, to repair them" };
        return ClientCommand.Create("show", """
            Show a dead letter and its bytes.

            Examples:
              metering dead-letters show 2 1743
              metering dead-letters show 2 1743 --raw > repaired.json
            """, [part, off, raw, s_unreadable], async (client, parsed, token) =>
        {
            using JsonDocument letter = await client.GetAsync(Letter(parsed, part, off).ToString(), token);
            if (parsed.GetValue(raw))
            {
                await using Stream output = Console.OpenStandardOutput();
                await output.WriteAsync(Bytes(letter.RootElement), token);
            }
            else
            {
                Console.WriteLine(JsonText.Indented(letter.RootElement));
            }

            return ExitCode.Success;
        });
    }

    private static Command CreateReplay()
    {
        (Argument<int> part, Argument<long> off) = Place();
        Option<string?> data = new("--data") { Description = "A file with the repaired event (default: the bytes as they came)", HelpName = "FILE" };
        return ClientCommand.Create("replay", """
            Send a dead letter again, repaired or as it was, and note that it was replayed.

            Examples:
              metering dead-letters replay 2 1743
              metering dead-letters replay 2 1743 --data repaired.json
            """, [part, off, data, s_unreadable], async (client, parsed, token) =>
        {
            using JsonDocument letter = await client.GetAsync(Letter(parsed, part, off).ToString(), token);
            string? file = parsed.GetValue(data);
            CheckReplayable(JsonText.Member(letter.RootElement, "code"), file);
            byte[] bytes = file is null ? Bytes(letter.RootElement) : await File.ReadAllBytesAsync(file, token);
            using JsonDocument again = Problems.TryParse(Encoding.UTF8.GetString(bytes))
                ?? throw new SettingsException($"{file ?? "The letter"} is not JSON: repair it ('metering dead-letters show … --raw') and pass the file with --data.");
            EventSender sender = new(client, TimeProvider.System, s_patience);
            SendResult result = await sender.SendAsync(Endpoint(again.RootElement), "application/json", Body(again.RootElement, bytes), token);
            return await FinishAsync(client, Letter(parsed, part, off, "replayed"), result, token);
        });
    }

    /// <summary>Some letters could only come back the way they went.</summary>
    private static void CheckReplayable(string code, string? file)
    {
        if (code == "unusable_value")
        {
            throw new SettingsException("The event itself was accepted, only a meter could not use its value: correct it with an amendment (POST /v1/events/amend).");
        }

        if (code == "conflict" && file is null)
        {
            throw new SettingsException("Its id belongs to another event. Give it an id of its own in a file and pass that with --data.");
        }
    }

    private static async Task<int> FinishAsync(MeteringClient client, Url replayed, SendResult result, CancellationToken cancellationToken)
    {
        if (result.Rejected.Count > 0)
        {
            await Console.Error.WriteLineAsync($"metering: refused again: {result.Rejected[0].Message}");
            return ExitCode.Failed;
        }

        (await client.PostAsync(replayed.ToString(), null, cancellationToken)).Dispose();
        Console.WriteLine("It is sent again and noted as replayed.");
        return ExitCode.Success;
    }

    /// <summary>A correction goes back to where corrections go.</summary>
    private static string Endpoint(JsonElement letter) =>
        !Has(letter, "reason") ? "v1/events" : Has(letter, "event") ? "v1/events/amend" : Has(letter, "type") ? "v1/events" : "v1/events/void";

    /// <summary>A kept correction says what it is, in members that the endpoint for corrections does not know.</summary>
    private static byte[] Body(JsonElement letter, byte[] bytes) => !Has(letter, "correction") ? bytes : Encoding.UTF8.GetBytes(JsonText.Write(json =>
    {
        json.WriteStartObject();
        foreach (JsonProperty member in letter.EnumerateObject().Where(member => member.Name is not ("correction" or "specversion")))
        {
            member.WriteTo(json);
        }

        json.WriteEndObject();
    }));

    private static bool Has(JsonElement letter, string name) => letter.ValueKind == JsonValueKind.Object && letter.TryGetProperty(name, out _);

    private static byte[] Bytes(JsonElement letter) =>
        letter.TryGetProperty("rawBase64", out JsonElement base64) ? base64.GetBytesFromBase64() : Encoding.UTF8.GetBytes(JsonText.Member(letter, "raw"));
}
