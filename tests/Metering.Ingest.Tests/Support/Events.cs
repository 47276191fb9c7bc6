using System.Text;
using Metering.Ingest.Parsing;
using Metering.Ingest.Publishing;
using Metering.Ingest.Validation;

namespace Metering.Ingest.Tests.Support;

internal static class Events
{
    public static string Json(string id = "1", string rest = "") =>
        $$$"""{"specversion":"1.0","id":"{{{id}}}","source":"api","type":"llm.call","subject":"customer-1","time":"2026-03-04T05:06:07.1234567Z","data":{"model":"gpt-4o","tokens":1200}{{{rest}}}}""";

    public static string Array(int count) => "[" + string.Join(",", Enumerable.Range(0, count).Select(i => Json($"{i}"))) + "]";

    /// <summary>An event with one member replaced: its value is JSON; null takes the member out.</summary>
    public static string With(string name, string? json)
    {
        Dictionary<string, string> members = new()
        {
            ["specversion"] = "\"1.0\"", ["id"] = "\"1\"", ["source"] = "\"api\"", ["type"] = "\"t\"", ["subject"] = "\"s\"",
        };
        if (json is null)
        {
            members.Remove(name);
        }
        else
        {
            members[name] = json;
        }

        return "{" + string.Join(",", members.Select(member => $"\"{member.Key}\":{member.Value}")) + "}";
    }

    public static EventRules Rules(Action<IngestOptions>? configure = null)
    {
        IngestOptions options = new();
        configure?.Invoke(options);
        return new EventRules(options);
    }

    public static BatchContext Context(EventForm form = EventForm.Native) => new("acme"u8.ToArray(), IngestServer.Now.UtcTicks, 4, form);

    /// <summary>Everything parsing makes of a body, as text.</summary>
    public static string Outcome(ReadOnlySpan<byte> body, BodyShape shape, EventForm form = EventForm.Native)
    {
        using IngestBatch batch = new(Rules());
        Problem problem = batch.ParseEvents(body, shape, Context(form));
        StringBuilder text = new($"{problem.Code} {problem.Message}\n");
        for (int i = 0; i < batch.Records.Count; i++)
        {
            text.AppendLine(StoredRecord.Read(batch.Records.Partition(i), batch.Records.Value(i).Span).ToString());
        }

        return text.AppendJoin('\n', batch.Rejections).ToString();
    }
}
