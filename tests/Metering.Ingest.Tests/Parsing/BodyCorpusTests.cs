using System.Text;
using Metering.Ingest.Parsing;
using Metering.Ingest.Publishing;
using Metering.Ingest.Tests.Support;
using Metering.Ingest.Validation;
using Xunit;

namespace Metering.Ingest.Tests.Parsing;

/// <summary>Bad input and the exact code it gets, as one event and as the middle one of three.</summary>
public class BodyCorpusTests
{
    public static TheoryData<string, string> BadEvents => new()
    {
        { Codes.InvalidField, "null" },
        { Codes.InvalidField, "5" },
        { Codes.InvalidField, "\"text\"" },
        { Codes.InvalidField, "[]" },
        { Codes.MissingField, "{}" },
        { Codes.MissingField, Events.With("id", null) },
        { Codes.MissingField, Events.With("source", null) },
        { Codes.MissingField, Events.With("type", null) },
        { Codes.MissingField, Events.With("subject", null) },
        { Codes.InvalidField, Events.With("id", "7") },
        { Codes.InvalidField, Events.With("id", "null") },
        { Codes.InvalidField, Events.With("id", "\"\"") },
        { Codes.InvalidField, Events.With("subject", "\"\"") },
        { Codes.InvalidField, Events.With("id", "\"a\\u0000b\"") },
        { Codes.InvalidField, Events.With("source", "\"a\\nb\"") },
        { Codes.InvalidField, Events.With("type", "\"a\\u007fb\"") },
        { Codes.InvalidField, Events.With("subject", "\"a\\u0085b\"") },
        { Codes.InvalidField, Events.With("id", $"\"{new string('x', 257)}\"") },
        { Codes.InvalidField, Events.With("source", $"\"{new string('x', 513)}\"") },
        { Codes.InvalidField, Events.With("type", $"\"{new string('x', 257)}\"") },
        { Codes.InvalidField, Events.With("subject", $"\"{new string('é', 257)}\"") },
        { Codes.InvalidField, Events.With("specversion", "\"0.3\"") },
        { Codes.InvalidField, Events.With("specversion", "1.0") },
        { Codes.InvalidField, Events.With("time", "\"yesterday\"") },
        { Codes.InvalidField, Events.With("time", "1700000000") },
        { Codes.InvalidField, Events.With("time", "\"2026-02-30T00:00:00Z\"") },
        { Codes.TimeTooEarly, Events.With("time", "\"1999-12-31T23:59:59.9999999Z\"") },
        { Codes.TimeInFuture, Events.With("time", "\"2026-03-04T05:11:07.0000001Z\"") },
        { Codes.InvalidField, Events.With("data", "\"text\"") },
        { Codes.InvalidField, Events.With("data", "[1]") },
        { Codes.InvalidField, Events.With("data", "1e999") },
        { Codes.UnsupportedContent, Events.With("data_base64", "\"AAAA\"") },
        { Codes.UnsupportedContent, Events.With("datacontenttype", "\"application/xml\"") },
        { Codes.DuplicateKey, Events.With("data", "{\"a\":1,\"a\":2}") },
        { Codes.DuplicateKey, Events.With("data", "{\"x\":[{\"a\":1,\"\\u0061\":2}]}") },
        { Codes.DuplicateKey, Events.Json(rest: ",\"id\":\"2\"") },
        { Codes.DuplicateKey, Events.Json(rest: ",\"\\u0069d\":\"2\"") },
        { Codes.DuplicateKey, Events.Json(rest: ",\"ext\":1,\"ext\":2") },
        { Codes.DuplicateKey, Events.Json(rest: ",\"ext\":null,\"ext\":2") },
        { Codes.DuplicateKey, Events.Json(rest: ",\"ext\":{\"a\":1,\"a\":1}") },
        { Codes.LoneSurrogate, Events.With("id", "\"\\ud800\"") },
        { Codes.LoneSurrogate, Events.With("data", "{\"a\":\"\\udc00\"}") },
        { Codes.LoneSurrogate, Events.Json(rest: ",\"\\ud800\":1") },
        { Codes.LoneSurrogate, Events.Json(rest: ",\"ext\":\"\\ud800\"") },
        { Codes.TooDeep, Events.With("data", Nested(32)) },
        { Codes.TooDeep, Events.With("data", Nested(5000)) },
        { Codes.EventTooLarge, Events.With("data", $$"""{"a":"{{new string('x', 65536)}}"}""") },
        { Codes.EventTooLarge, Events.Json() [..^1] + new string(' ', 70_000) + "}" },
        { Codes.InvalidField, Events.Json(rest: string.Concat(Enumerable.Range(0, 65).Select(i => $",\"e{i}\":1"))) },
    };

    public static TheoryData<string, string> BrokenBodies => new()
    {
        { Codes.EmptyBody, "" },
        { Codes.EmptyBody, " \r\n\t" },
        { Codes.EmptyBatch, "[]" },
        { Codes.EmptyBatch, " [ ] " },
        { Codes.MalformedJson, "\uFEFF" + Events.Json() },
        { Codes.MalformedJson, "[" },
        { Codes.MalformedJson, "{" },
        { Codes.MalformedJson, "[" + Events.Json() },
        { Codes.MalformedJson, "[" + Events.Json() + "," },
        { Codes.MalformedJson, "[" + Events.Json() + ",]" },
        { Codes.MalformedJson, "[," + Events.Json() + "]" },
        { Codes.MalformedJson, "[" + Events.Json() + Events.Json("2") + "]" },
        { Codes.MalformedJson, "[" + Events.Json() + "]x" },
        { Codes.MalformedJson, "[]x" },
        { Codes.MalformedJson, Events.Json() + "x" },
        { Codes.MalformedJson, Events.Json() + Events.Json("2") },
        { Codes.MalformedJson, Events.Json()[..^1] },
        { Codes.MalformedJson, Events.With("data", "{\"a\":NaN}") },
        { Codes.MalformedJson, Events.With("data", "{\"a\":Infinity}") },
        { Codes.MalformedJson, Events.With("data", "{\"a\":01}") },
        { Codes.MalformedJson, Events.With("data", "{\"a\":1,}") },
        { Codes.MalformedJson, Events.With("data", "{a:1}") },
        { Codes.MalformedJson, Events.With("data", "{'a':1}") },
        { Codes.MalformedJson, Events.With("data", "{\"a\":\"\\x\"}") },
        { Codes.MalformedJson, Events.With("data", "{\"a\":\"tab\there\"}") },
        { Codes.MalformedJson, Events.With("data", "{/*no*/}") },
        { Codes.MalformedJson, new string('[', 100_000) },
    };

    [Theory]
    [MemberData(nameof(BadEvents))]
    public void A_bad_event_is_rejected_with_its_code_and_costs_only_itself(string code, string json)
    {
        using IngestBatch alone = new(Events.Rules());
        Assert.True(alone.ParseEvents(Encoding.UTF8.GetBytes($"[{json}]"), BodyShape.Either, Events.Context()).IsNone);
        Assert.Equal(code, Assert.Single(alone.Rejections).Problem.Code);

        foreach ((string body, BodyShape shape) in new[]
        {
            ($"[{Events.Json("a")},\n{json} , {Events.Json("b")}]", BodyShape.Array),
            ($"{Events.Json("a")}\n{json}\r\n\n{Events.Json("b")}", BodyShape.Lines),
        })
        {
            using IngestBatch batch = new(Events.Rules());
            Assert.True(batch.ParseEvents(Encoding.UTF8.GetBytes(body), shape, Events.Context()).IsNone);
            Rejection rejection = Assert.Single(batch.Rejections);
            Assert.Equal((1, code), (rejection.Index, rejection.Problem.Code));
            Assert.Equal(json, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(body).AsSpan(rejection.Start, rejection.Length)));
            Assert.Equal(2, batch.Accepted);
        }
    }

    [Theory]
    [MemberData(nameof(BrokenBodies))]
    public void Broken_json_costs_the_whole_body(string code, string body)
    {
        using IngestBatch batch = new(Events.Rules());
        Problem problem = batch.ParseEvents(Encoding.UTF8.GetBytes(body), BodyShape.Either, Events.Context());
        Assert.Equal(code, problem.Code);
    }

    [Fact]
    public void Broken_json_is_located()
    {
        using IngestBatch batch = new(Events.Rules());
        Problem problem = batch.ParseEvents(Encoding.UTF8.GetBytes($"[{Events.Json()},\n  {{\"id\": nul }}]"), BodyShape.Either, Events.Context());
        Assert.Equal("the body is not well-formed JSON at line 2, byte 13", problem.Message);
    }

    [Fact]
    public void A_broken_line_costs_only_itself()
    {
        using IngestBatch batch = new(Events.Rules());
        string body = $"{Events.Json("a")}\n{{\"id\":\n{Events.Json("b")} x\n\uFEFF{Events.Json("c")}\n{Events.Json("d")}";
        Assert.True(batch.ParseEvents(Encoding.UTF8.GetBytes(body), BodyShape.Lines, Events.Context()).IsNone);
        Assert.Equal(2, batch.Accepted);
        Assert.Equal([(1, Codes.MalformedJson), (2, Codes.MalformedJson), (3, Codes.MalformedJson)], batch.Rejections.Select(r => (r.Index, r.Problem.Code)));
        Assert.StartsWith("line 2 is not well-formed JSON at byte ", batch.Rejections[0].Problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Invalid_utf8_costs_only_its_event(bool lines)
    {
        byte[] bad = Encoding.Latin1.GetBytes(Events.Json("caf\u00e9 \\n"));
        byte[] separator = lines ? "\n"u8.ToArray() : ","u8.ToArray();
        byte[] body = [.. lines ? [] : "["u8, .. Encoding.UTF8.GetBytes(Events.Json("é")), .. separator, .. bad, .. separator, .. Encoding.UTF8.GetBytes(Events.Json("b")), .. lines ? [] : "]"u8];
        using IngestBatch batch = new(Events.Rules());
        Assert.True(batch.ParseEvents(body, lines ? BodyShape.Lines : BodyShape.Array, Events.Context()).IsNone);
        Rejection rejection = Assert.Single(batch.Rejections);
        Assert.Equal((1, Codes.InvalidUtf8), (rejection.Index, rejection.Problem.Code));
        Assert.Equal(2, batch.Accepted);
    }

    [Fact]
    public void The_id_of_a_rejected_event_is_told_wherever_it_stands()
    {
        using IngestBatch batch = new(Events.Rules());
        string json = """{"type":7,"data":{"id":"inner"},"id":"caf\u00e9"}""";
        batch.ParseEvents(Encoding.UTF8.GetBytes(json), BodyShape.Single, Events.Context());
        Assert.Equal("café", Assert.Single(batch.Rejections).Id);
    }

    [Theory]
    [InlineData("""{"a":1e999999}""")]
    [InlineData("""{"a":"NaN","b":"Inf"}""")]
    [InlineData("{}")]
    [InlineData("null")]
    public void Unusual_data_that_is_json_is_accepted(string data)
    {
        using IngestBatch batch = new(Events.Rules());
        batch.ParseEvents(Encoding.UTF8.GetBytes(Events.With("data", data)), BodyShape.Either, Events.Context());
        Assert.Equal(1, batch.Accepted);
    }

    [Fact]
    public void The_batch_limit_is_exact()
    {
        EventRules rules = Events.Rules(options => options.MaxBatchEvents = 3);
        using IngestBatch batch = new(rules);
        Assert.True(batch.ParseEvents(Encoding.UTF8.GetBytes(Events.Array(3)), BodyShape.Array, Events.Context()).IsNone);
        batch.Reset();
        Assert.Equal(Codes.BatchTooLarge, batch.ParseEvents(Encoding.UTF8.GetBytes(Events.Array(4)), BodyShape.Array, Events.Context()).Code);
    }

    [Theory]
    [InlineData(BodyShape.Array, "{}")]
    [InlineData(BodyShape.Single, "[{}]")]
    internal void A_body_must_have_the_shape_of_its_type(BodyShape shape, string body)
    {
        using IngestBatch batch = new(Events.Rules());
        Assert.Equal(Codes.UnexpectedBody, batch.ParseEvents(Encoding.UTF8.GetBytes(body), shape, Events.Context()).Code);
    }

    private static string Nested(int levels) => string.Concat(Enumerable.Repeat("{\"a\":", levels)) + "1" + new string('}', levels);
}
