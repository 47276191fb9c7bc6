using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Settings;

namespace Metering.Host.Commands;

/// <summary><c>metering send</c>: one event from options, or any number from arguments or standard input.</summary>
internal sealed class SendCommand
{
    private const int LinesPerBatch = 1000;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly Argument<string[]> _events = new("EVENT") { Description = "Events as JSON, or - for NDJSON on standard input", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _type = new("--type") { Description = "The event's type", HelpName = "TYPE" };
    private readonly Option<string?> _subject = new("--subject") { Description = "The customer", HelpName = "SUBJECT" };
    private readonly Option<string?> _data = new("--data") { Description = "The event's data, a JSON object", HelpName = "JSON" };
    private readonly Option<string?> _id = new("--id") { Description = "The event's id (default: a random one). Sending an id again counts nothing", HelpName = "ID" };
    private readonly Option<string> _source = new("--source") { Description = "The event's source (default: cli)", HelpName = "SOURCE", DefaultValueFactory = _ => "cli" };
    private readonly Option<string?> _time = new("--time") { Description = "When it happened, as 2024-01-31T12:00:00Z (default: now)", HelpName = "TIME" };

    public static Command Create()
    {
        SendCommand send = new();
        return ClientCommand.Create("send", """
            Send usage events.

            Examples:
              metering send --type llm --subject acme --data '{"tokens":12}'
              metering send '{"id":"1","source":"shell","type":"llm","subject":"acme","data":{"tokens":12}}'
              cat events.ndjson | metering send -
            """, [send._events, send._type, send._subject, send._data, send._id, send._source, send._time], send.RunAsync);
    }

    private async Task<int> RunAsync(MeteringClient client, ParseResult parsed, CancellationToken cancellationToken)
    {
        EventSender sender = new(client, TimeProvider.System, s_patience);
        int accepted = 0, rejected = 0;
        foreach ((int start, string[] batch) in Batches(Lines(parsed)))
        {
            SendResult result = await sender.SendAsync(Encoding.UTF8.GetBytes(string.Join('\n', batch)), cancellationToken);
            accepted += result.Accepted;
            rejected += result.Rejected.Count;
            foreach (Rejection one in result.Rejected)
            {
                await Console.Error.WriteLineAsync($"metering: {one with { Index = start + one.Index }} ({one.Code})");
            }
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{accepted} accepted, {rejected} refused"));
        return rejected > 0 ? ExitCode.Failed : ExitCode.Success;
    }

    private IEnumerable<string> Lines(ParseResult parsed)
    {
        string[] events = parsed.GetValue(_events) ?? [];
        if (events is ["-"])
        {
            return StandardInput();
        }

        return events.Length > 0 ? events.Select(OneLine) : [FromOptions(parsed)];
    }

    private static IEnumerable<(int Start, string[] Batch)> Batches(IEnumerable<string> lines)
    {
        int start = 0;
        foreach (string[] batch in lines.Chunk(LinesPerBatch))
        {
            yield return (start, batch);
            start += batch.Length;
        }
    }

    private static IEnumerable<string> StandardInput()
    {
        while (Console.In.ReadLine() is { } line)
        {
            if (!string.IsNullOrWhiteSpace(line))
            {
                yield return line;
            }
        }
    }

    /// <summary>An event may be written over several lines; to NDJSON a line end is the end of the event.</summary>
    private static string OneLine(string json) => json.ReplaceLineEndings(" ");

    private string FromOptions(ParseResult parsed)
    {
        string type = parsed.GetValue(_type) ?? throw new SettingsException("Nothing to send: give --type and --subject, an event as JSON, or - for standard input.");
        string subject = parsed.GetValue(_subject) ?? throw new SettingsException("--subject is required: whose usage is it?");
        return JsonText.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("id", parsed.GetValue(_id) ?? RandomNumberGenerator.GetHexString(26, lowercase: true));
            json.WriteString("source", parsed.GetValue(_source));
            json.WriteString("type", type);
            json.WriteString("subject", subject);
            if (parsed.GetValue(_time) is { } time)
            {
                json.WriteString("time", time);
            }

            if (parsed.GetValue(_data) is { } data)
            {
                json.WritePropertyName("data");
                json.WriteRawValue(CheckedData(data));
            }

            json.WriteEndObject();
        });
    }

    /// <summary>A shell eats quotes easily; to say so here is clearer than the server's view of the result.</summary>
    private static string CheckedData(string data)
    {
        using JsonDocument? document = Problems.TryParse(data);
        return document?.RootElement.ValueKind == JsonValueKind.Object ? OneLine(data) : throw new SettingsException($"--data {data}: expected a JSON object such as '{{\"tokens\":12}}'.");
    }
}
