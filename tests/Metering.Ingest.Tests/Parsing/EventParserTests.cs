using System.Text;
using System.Text.Json;
using CsCheck;
using Metering.Contracts;
using Metering.EventLog;
using Metering.Ingest.Parsing;
using Metering.Ingest.Publishing;
using Metering.Ingest.Tests.Support;
using Xunit;

namespace Metering.Ingest.Tests.Parsing;

public class EventParserTests
{
    [Fact]
    public void Every_field_arrives_in_the_record()
    {
        StoredRecord record = ParseOne("""
            { "id":"caf\u00e9", "source":"https://a/b", "type":"llm.call", "subject":"Zoë \ud83d\ude00", "time":"2026-03-04T06:06:07.123456789+01:00",
              "datacontenttype":"application/json", "dataschema":"urn:x", "traceparent" : "00-a\tb" , "sequence":7, "unset":null,
              "data": { "tokens": 12.50, "list": [1, 2] } }
            """);
        Assert.Equal(RecordKind.Use, record.Kind);
        Assert.Equal(("acme", "https://a/b", "café", "llm.call", "Zoë 😀"), (record.Tenant, record.Source, record.Id, record.Type, record.Subject));
        Assert.Equal(new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero).AddTicks(1234567).Ticks, record.TimeTicks);
        Assert.Equal("""{ "tokens": 12.50, "list": [1, 2] }""", record.Data);
        Assert.Equal("""{"dataschema":"urn:x","traceparent" : "00-a\tb","sequence":7}""", record.Attributes);
        Assert.Equal(EventIdentity.Of("acme"u8, "https://a/b"u8, "café"u8).Partition(4), record.Partition);
    }

    [Theory]
    [InlineData("\"time\":null,\"data\":null,\"datacontenttype\":null,\"dataschema\":null")]
    [InlineData("\"specversion\":\"1.0\"")]
    public void Absent_time_is_now_and_absent_data_is_nothing(string rest)
    {
        StoredRecord record = ParseOne($$"""{"id":"1","source":"s","type":"t","subject":"u",{{rest}}}""");
        Assert.Equal(IngestServer.Now.Ticks, record.TimeTicks);
        Assert.Equal((string.Empty, string.Empty), (record.Data, record.Attributes));
        Assert.Equal(PayloadHasher.Combine("t"u8, "u"u8, PayloadHasher.NoData), record.PayloadHash);
    }

    [Fact]
    public void The_hash_is_that_of_the_contract_wherever_the_members_stand()
    {
        ulong first = ParseOne("""{"data":{"a":1,"b":2},"id":"1","source":"s","type":"t","subject":"u"}""").PayloadHash;
        ulong second = ParseOne("""{"subject":"u","type":"t","source":"s","id":"1","data":{ "b":2.0, "a":1e0 }}""").PayloadHash;
        ulong other = ParseOne("""{"subject":"v","type":"t","source":"s","id":"1","data":{"b":2,"a":1}}""").PayloadHash;
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public void Five_minutes_ahead_is_accepted_to_the_tick() =>
        Assert.Equal(IngestServer.Now.AddMinutes(5).Ticks, ParseOne(Events.With("time", "\"2026-03-04T05:11:07Z\"")).TimeTicks);

    [Fact]
    public void Texts_of_any_characters_come_out_as_they_went_in() =>
        Gen.String[Gen.Char.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)), 1, 80].Select(Gen.Bool).Sample((text, escape) =>
        {
            string json = escape ? string.Concat(text.Select(c => $"\\u{(int)c:x4}")) : JsonEncodedText.Encode(text).ToString();
            Assert.Equal(text, ParseOne(Events.With("id", $"\"{json}\"")).Id);
        });

    private static StoredRecord ParseOne(string json)
    {
        using IngestBatch batch = new(Events.Rules());
        Assert.True(batch.ParseEvents(Encoding.UTF8.GetBytes(json), BodyShape.Single, Events.Context()).IsNone);
        Assert.Empty(batch.Rejections);
        return StoredRecord.Read(batch.Records.Partition(0), batch.Records.Value(0).Span);
    }
}
