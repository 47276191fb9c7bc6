using System.Net;
using System.Text.Json;
using Metering.Contracts;
using Metering.Ingest.Tests.Support;
using Metering.Ingest.Validation;
using Xunit;

namespace Metering.Ingest.Tests.Http;

public class CorrectionsEndpointTests
{
    private const string NewVersion = """{"type":"t","subject":"s","time":"2026-03-01T00:00:00Z","data":{"tokens":5},"region":"eu"}""";

    [Fact]
    public async Task A_void_becomes_a_record_in_its_targets_partition()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        Answer answer = await server.PostAsync("/v1/events/void", """{"source":"api","id":"1","reason":"sent in error"}""");
        Assert.Equal((HttpStatusCode.OK, """{"accepted":1,"rejected":[]}"""), (answer.Status, answer.Body));
        StoredRecord record = Assert.Single(server.Topic.Records);
        Assert.Equal((RecordKind.Void, "api", "1", "sent in error", ""), (record.Kind, record.Source, record.Id, record.Reason, record.Key));
        Assert.Equal(EventIdentity.Of("default"u8, "api"u8, "1"u8).Partition(4), record.Partition);
    }

    [Fact]
    public async Task An_amendment_carries_the_new_version()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        Answer answer = await server.PostAsync("/v1/events/amend", $$"""{"source":"api","id":"1","reason":"miscounted","event":{{NewVersion}}}""");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        StoredRecord record = Assert.Single(server.Topic.Records);
        Assert.Equal((RecordKind.Amend, "api", "1", "t", "s"), (record.Kind, record.Source, record.Id, record.Type, record.Subject));
        Assert.Equal(("""{"tokens":5}""", """{"region":"eu"}"""), (record.Data, record.Attributes));
        Assert.Equal($"{record.PayloadHash:x16}{record.TimeTicks:x16}", record.Key);
        Assert.Equal(EventIdentity.Of("default"u8, "api"u8, "1"u8).Partition(4), record.Partition);
    }

    [Fact]
    public async Task The_derived_key_is_the_contents_and_a_given_key_is_taken()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        const string Same = """{ "time":"2026-03-01T00:00:00.0Z", "data":{"tokens":5.0}, "type":"t","subject":"s", "id":"1", "source":"api" }""";
        await server.PostAsync("/v1/events/amend", $$"""[{"source":"api","id":"1","reason":"a","event":{{NewVersion}}},{"event":{{Same}},"source":"api","id":"1","reason":"b"}]""");
        await server.PostAsync("/v1/events/amend", $$"""{"source":"api","id":"1","reason":"a","key":"mine","event":{{NewVersion}}}""");
        await server.PostAsync("/v1/events/void", """{"source":"api","id":"1","reason":"a","key":"also"}""");
        string[] keys = [.. server.Topic.Records.Select(record => record.Key)];
        Assert.Equal(keys[0], keys[1]);
        Assert.Equal(["mine", "also"], keys[2..]);
    }

    [Theory]
    [InlineData("void", """{"id":"1","reason":"r"}""", Codes.MissingField)]
    [InlineData("void", """{"source":"s","reason":"r"}""", Codes.MissingField)]
    [InlineData("void", """{"source":"s","id":"1"}""", Codes.MissingField)]
    [InlineData("void", """{"source":"s","id":"1","reason":""}""", Codes.InvalidField)]
    [InlineData("void", """{"source":"s","id":"1","reason":7}""", Codes.InvalidField)]
    [InlineData("void", """{"source":"s","id":"1","reason":"r","event":{}}""", Codes.InvalidField)]
    [InlineData("void", """{"source":"s","id":"1","reason":"r","extra":1}""", Codes.InvalidField)]
    [InlineData("void", """{"source":"s","id":"1","id":"2","reason":"r"}""", Codes.DuplicateKey)]
    [InlineData("amend", """{"source":"s","id":"1","reason":"r"}""", Codes.MissingField)]
    [InlineData("amend", """{"source":"s","id":"1","reason":"r","event":null}""", Codes.InvalidField)]
    [InlineData("amend", """{"source":"s","id":"1","reason":"r","event":{"type":"t","subject":"u"}}""", Codes.MissingField)]
    [InlineData("amend", """{"source":"s","id":"1","reason":"r","event":{"id":"2","type":"t","subject":"u","time":"2026-03-01T00:00:00Z"}}""", Codes.InvalidField)]
    [InlineData("amend", """{"source":"s","id":"1","reason":"r","event":{"type":"t","subject":"u","time":"2027-03-01T00:00:00Z"}}""", Codes.TimeInFuture)]
    [InlineData("amend", """{"source":"s","id":"1","reason":"r","event":{"type":"t","subject":"u","time":"2026-03-01T00:00:00Z","data":{"a":1,"a":1}}}""", Codes.DuplicateKey)]
    public async Task A_bad_correction_is_refused_and_kept(string what, string body, string code)
    {
        await using IngestServer server = await IngestServer.StartAsync();
        Answer answer = await server.PostAsync($"/v1/events/{what}", body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        JsonElement rejected = Assert.Single(answer.Json.GetProperty("rejected").EnumerateArray());
        Assert.Equal(code, rejected.GetProperty("code").GetString());
        StoredRecord kept = Assert.Single(server.Topic.Records);
        Assert.Equal((RecordKind.Rejected, body), (kept.Kind, kept.Data));
    }

    [Fact]
    public async Task A_reason_may_have_1_KiB()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        Answer fits = await server.PostAsync("/v1/events/void", $$"""{"source":"s","id":"1","reason":"{{new string('r', 1024)}}"}""");
        Answer tooLong = await server.PostAsync("/v1/events/void", $$"""{"source":"s","id":"1","reason":"{{new string('r', 1025)}}"}""");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest), (fits.Status, tooLong.Status));
    }
}
