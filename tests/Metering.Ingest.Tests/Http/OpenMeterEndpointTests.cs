using System.Net;
using System.Text.Json;
using Metering.Contracts;
using Metering.Ingest.Tests.Support;
using Metering.Ingest.Validation;
using Xunit;

namespace Metering.Ingest.Tests.Http;

public class OpenMeterEndpointTests
{
    private const string Path = "/api/v1/events";
    private const string Batch = "application/cloudevents-batch+json";
    private const string Problem = "application/problem+json";

    [Theory]
    [InlineData(Batch, true)]
    [InlineData("application/json", true)]
    [InlineData("application/json", false)]
    [InlineData("application/cloudevents+json", false)]
    [InlineData("application/cloudevents+json; charset=UTF-8", false)]
    public async Task Valid_events_are_stored_and_answered_with_204(string contentType, bool array)
    {
        await using IngestServer server = await IngestServer.StartAsync();
        Answer answer = await server.PostAsync(Path, array ? Events.Array(2) : Events.Json(), contentType);
        Assert.Equal(HttpStatusCode.NoContent, answer.Status);
        Assert.Empty(answer.Body);
        Assert.Equal(array ? 2 : 1, server.Topic.Of(RecordKind.Use).Count());
    }

    [Fact]
    public async Task One_invalid_event_refuses_all_and_only_the_rejection_is_stored()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        string bad = Events.With("datacontenttype", "\"application/xml\"");
        Answer answer = await server.PostAsync(Path, $"[{Events.Json("a")},{bad}]", Batch);
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal(Problem, answer.ContentType);
        JsonElement json = answer.Json;
        Assert.Equal(["type", "title", "status", "detail", "instance", "extensions"], json.EnumerateObject().Select(member => member.Name));
        Assert.Equal("about:blank", json.GetProperty("type").GetString());
        Assert.Equal("Bad Request", json.GetProperty("title").GetString());
        Assert.Equal(400, json.GetProperty("status").GetInt32());
        Assert.StartsWith("invalid event: event 1 (id \"1\"): datacontenttype ", json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("urn:request:", json.GetProperty("instance").GetString(), StringComparison.Ordinal);

        StoredRecord rejected = Assert.Single(server.Topic.Records);
        Assert.Equal((RecordKind.Rejected, Codes.UnsupportedContent, bad, "default"), (rejected.Kind, rejected.Code, rejected.Data, rejected.Tenant));
    }

    [Theory]
    [InlineData("[]", Batch, "empty_batch")]
    [InlineData("", Batch, "empty_body")]
    [InlineData("[{]", Batch, "malformed_json")]
    [InlineData("{}", Batch, "unexpected_body")]
    [InlineData("{\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"subject\":\"u\"}", "application/json", "missing_field")]
    [InlineData("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\"subject\":\"u\",\"data\":\"x\"}", "application/json", "invalid_field")]
    [InlineData("{}", "text/plain", "unsupported_content_type")]
    [InlineData("{}", "application/x-ndjson", "unsupported_content_type")]
    public async Task What_the_contract_refuses_is_400(string body, string contentType, string code)
    {
        await using IngestServer server = await IngestServer.StartAsync();
        Answer answer = await server.PostAsync(Path, body, contentType);
        Assert.Equal((HttpStatusCode.BadRequest, Problem, code), (answer.Status, answer.ContentType, answer.Code));
        Assert.Empty(server.Topic.Of(RecordKind.Use));
    }

    [Fact]
    public async Task A_wrong_content_type_is_told()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        Answer answer = await server.PostAsync(Path, "{}", "text/plain");
        Assert.Equal("invalid content type: text/plain", answer.Json.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task When_the_log_refuses_one_record_the_answer_is_503()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        server.Topic.Fails = record => record.Id == "1";
        Answer answer = await server.PostAsync(Path, Events.Array(3), Batch);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, Problem, Codes.NotStored, "1"), (answer.Status, answer.ContentType, answer.Code, answer.RetryAfter));
    }

    [Fact]
    public async Task An_unexpected_failure_is_500_and_says_nothing()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        server.Topic.Broken = new InvalidOperationException("secret");
        Answer answer = await server.PostAsync(Path, Events.Array(1), Batch);
        Assert.Equal((HttpStatusCode.InternalServerError, Problem), (answer.Status, answer.ContentType));
        Assert.Equal(string.Empty, answer.Json.GetProperty("detail").GetString());
        Assert.DoesNotContain("secret", answer.Body, StringComparison.Ordinal);
    }
}
