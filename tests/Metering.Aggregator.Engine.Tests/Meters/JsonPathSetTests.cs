using System.Text;
using System.Text.Json;
using CsCheck;
using Metering.Aggregator.Engine.Meters;
using Xunit;

namespace Metering.Aggregator.Engine.Tests.Meters;

public class JsonPathSetTests
{
    /// <summary>Keys as they stand in the JSON text, some of them escaped.</summary>
    private static readonly Gen<string> s_key = Gen.OneOf("a", "b", "c", "\\u0061\\u0061", "é", "x.y", "\\\"");

    private static readonly Gen<string> s_scalar = Gen.OneOf(
        "1", "-0.5e3", "0.30000000000000004", "\"t\"", "\"\"", "\"\\u00e9\\n\\ud83d\\ude00\"", "\"é\"", "true", "false", "null", "[]", "{}");

    private static readonly Gen<string> s_json = Gen.Recursive<string>((depth, self) => depth == 4
        ? s_scalar
        : Gen.OneOf<Gen<string>>(
            s_scalar,
            self.Array[0, 4].Select(items => $"[{string.Join(" , ", items)}]"),
            Gen.Select(s_key, self).Array[0, 5].Select(members => $"{{{string.Join(',', members.DistinctBy(one => one.Item1).Select(one => $"\"{one.Item1}\" : {one.Item2}"))}}}"))
            .SelectMany(gen => gen));

    private static readonly Gen<string> s_path =
        Gen.OneOf(".a", ".b", ".c", ".aa", ".é", "['x.y']", "['\"']", "[0]", "[1]", "[3]").Array[0, 4].Select(steps => "$" + string.Concat(steps));

    [Fact]
    public void One_pass_finds_what_a_document_has_at_every_path() =>
        Gen.Select(s_json, s_path.Array[1, 8]).Sample(
            (json, paths) =>
            {
                JsonPathSet set = new();
                int[] slots = [.. paths.Select(path => set.Add(JsonPath.Parse(path)))];
                byte[] bytes = Encoding.UTF8.GetBytes(json);
                JsonSlot[] found = new JsonSlot[set.Count];
                set.Extract(bytes, found);
                using JsonDocument document = JsonDocument.Parse(json);
                Assert.Equal(
                    paths.Select(path => Describe(Find(document.RootElement, JsonPath.Parse(path)))),
                    slots.Select(slot => Describe(bytes, found[slot])));
            },
            iter: 20_000);

    [Fact]
    public void A_path_that_is_added_twice_has_one_slot()
    {
        JsonPathSet set = new();
        Assert.Equal([0, 1, 0, 2], new[] { "$.a", "$.b", "$.a", "$['a']" }.Select(path => set.Add(JsonPath.Parse(path))));
        JsonSlot[] found = new JsonSlot[3];
        set.Extract("""{"a":"x"}"""u8, found);
        Assert.Equal(found[0], found[2]);
    }

    [Fact]
    public void Nothing_is_left_from_the_document_before()
    {
        JsonPathSet set = new();
        set.Add(JsonPath.Parse("$.a"));
        JsonSlot[] found = new JsonSlot[1];
        foreach (string next in new[] { "", "{}", "null", "[]", """{"b":1}""" })
        {
            set.Extract("""{"a":1}"""u8, found);
            Assert.Equal(JsonTokenType.Number, found[0].Token);
            set.Extract(Encoding.UTF8.GetBytes(next), found);
            Assert.Equal(JsonTokenType.None, found[0].Token);
        }
    }

    /// <summary>Ingest lets nothing of this through; were it in the log, it must not stop the partition.</summary>
    [Theory]
    [InlineData("{")]
    [InlineData("{\"a\":1")]
    [InlineData("{\"a\":1}}")]
    [InlineData("{\"a\" 1}")]
    [InlineData("\u0001")]
    public void A_document_that_is_no_JSON_has_nothing_anywhere(string text)
    {
        JsonPathSet set = new();
        set.Add(JsonPath.Parse("$.a"));
        JsonSlot[] found = new JsonSlot[1];
        set.Extract(Encoding.UTF8.GetBytes(text), found);
        Assert.Equal(text == "{\"a\":1}}" ? JsonTokenType.Number : JsonTokenType.None, found[0].Token);
    }

    [Fact]
    public void Extraction_allocates_nothing()
    {
        JsonPathSet set = new();
        foreach (string path in new[] { "$.a", "$.b.c[1]", "$.d" })
        {
            set.Add(JsonPath.Parse(path));
        }

        byte[] json = """{"a":1,"b":{"c":["\u0061","x\ty"]},"d":"e"}"""u8.ToArray();
        JsonSlot[] found = new JsonSlot[3];
        set.Extract(json, found);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            set.Extract(json, found);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static JsonElement? Find(JsonElement root, JsonPath path)
    {
        JsonElement at = root;
        foreach (JsonPath.Segment segment in path.Segments)
        {
            if (segment.Name is { } name)
            {
                if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
                {
                    return null;
                }
            }
            else if (at.ValueKind == JsonValueKind.Array && segment.Index < at.GetArrayLength())
            {
                at = at[segment.Index];
            }
            else
            {
                return null;
            }
        }

        return at;
    }

    private static string Describe(JsonElement? element) => element is not { } found ? "nothing" : found.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string " + found.GetString(),
        _ => found.GetRawText(),
    };

    private static string Describe(byte[] json, JsonSlot slot) => slot.Token switch
    {
        JsonTokenType.None => "nothing",
        JsonTokenType.StartObject => "object",
        JsonTokenType.StartArray => "array",
        JsonTokenType.String => "string " + Encoding.UTF8.GetString(JsonText.Read(json, slot, new byte[json.Length])),
        _ => Encoding.UTF8.GetString(JsonText.Read(json, slot, [])),
    };
}
