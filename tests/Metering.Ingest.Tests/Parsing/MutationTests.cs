using System.Text;
using System.Text.Json;
using CsCheck;
using Metering.Ingest.Parsing;
using Metering.Ingest.Publishing;
using Metering.Ingest.Tests.Support;
using Metering.Ingest.Validation;
using Xunit;

namespace Metering.Ingest.Tests.Parsing;

/// <summary>Good bodies with a few bytes changed: whatever comes out, it is an answer, and it agrees with an independent parser.</summary>
public class MutationTests
{
    private static readonly byte[] s_array = Encoding.UTF8.GetBytes($"[{Events.Json("é\\u00e9")},\n{Events.With("time", "null")},{Events.Json("b", ",\"x\":[{\"y\":\"\\ud83d\\ude00\"}]")}]");
    private static readonly byte[] s_lines = Encoding.UTF8.GetBytes($"{Events.Json("a")}\r\n\n{Events.With("data", "{}")}\n{Events.Json("b", ",\"x\":-1.5e3")}");

    private static readonly byte[] s_interesting = "{}[],:\"\\ \n0-eu"u8.ToArray();

    private static readonly Gen<(int At, byte Value, int Cut)[]> s_changes = Gen.Select(
        Gen.Int[0, 4000], Gen.OneOf(Gen.Byte, Gen.Int[0, s_interesting.Length - 1].Select(i => s_interesting[i])), Gen.Int[0, 3]).Array[1, 4];

    [Fact]
    public void An_array_is_read_as_an_independent_parser_reads_it() => s_changes.Sample(
        changes =>
        {
            byte[] body = Change(s_array, changes);
            using IngestBatch batch = new(Events.Rules());
            Problem problem = batch.ParseEvents(body, BodyShape.Either, Events.Context());
            bool readable = TryParse(body, out JsonDocument? document);
            if (problem.IsNone)
            {
                int elements = document is null ? -1 : document.RootElement.ValueKind == JsonValueKind.Array ? document.RootElement.GetArrayLength() : 1;
                Assert.True(elements == -1 || elements == batch.Accepted + batch.Rejections.Count);
                Assert.True(readable || batch.Rejections.Any(r => r.Problem.Code is Codes.InvalidUtf8 or Codes.TooDeep));
            }
            else if (problem.Code == Codes.MalformedJson)
            {
                Assert.False(readable, Encoding.UTF8.GetString(body));
            }
        },
        iter: 20_000);

    [Fact]
    public void Every_line_is_accepted_or_rejected_on_its_own() => s_changes.Sample(
        changes =>
        {
            byte[] body = Change(s_lines, changes);
            using IngestBatch batch = new(Events.Rules());
            Problem problem = batch.ParseEvents(body, BodyShape.Lines, Events.Context());
            int lines = Encoding.Latin1.GetString(body).Split('\n').Count(line => line.Trim(' ', '\r', '\t').Length > 0);
            Assert.True(problem.IsNone);
            Assert.Equal(lines, batch.Accepted + batch.Rejections.Count);
            batch.AddRejections(body, Events.Context());
            Assert.Equal(lines, batch.Records.Count);
        },
        iter: 20_000);

    private static byte[] Change(byte[] body, (int At, byte Value, int Cut)[] changes)
    {
        List<byte> changed = [.. body];
        foreach ((int at, byte value, int cut) in changes)
        {
            int place = at % changed.Count;
            changed.RemoveRange(place, Math.Min(cut, changed.Count - place));
            changed.Insert(place, value);
        }

        return [.. changed];
    }

    private static bool TryParse(byte[] body, out JsonDocument? document)
    {
        try
        {
            document = JsonDocument.Parse(body);
            return true;
        }
        catch (JsonException)
        {
            document = null;
            return false;
        }
    }
}
