using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Metering.Contracts;
using Metering.Ingest.Publishing;
using Metering.Ingest.Tests.Support;
using Metering.Ingest.Validation;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Metering.Ingest.Tests.Http;

public class EventsEndpointTests
{
    private const string Path = "/v1/events";

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/x-ndjson")]
    [InlineData("application/ndjson")]
    [InlineData("application/jsonl; charset=utf-8")]
    [InlineData("application/cloudevents-batch+json")]
    public async Task Events_of_every_format_are_accepted(string contentType)
    {
        await using IngestServer server = await IngestServer.StartAsync();
        bool lines = contentType.Contains("nd", StringComparison.Ordinal) || contentType.Contains("jsonl", StringComparison.Ordinal);
        Answer answer = await server.PostAsync(Path, lines ? $"{Events.Json("a")}\n{Events.Json("b")}\n" : Events.Array(2), contentType);
        Assert.Equal((HttpStatusCode.OK, "application/json"), (answer.Status, answer.ContentType));
        Assert.Equal("""{"accepted":2,"rejected":[]}""", answer.Body);
        Assert.Equal(2, server.Topic.Of(RecordKind.Use).Count());
    }

    [Fact]
    public async Task A_rejected_event_costs_only_itself_and_is_kept()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        string bad = Events.With("subject", "7");
        Answer answer = await server.PostAsync(Path, $"{Events.Json("a")}\n{bad}\n{{oops\n{Events.Json("d")}", "application/x-ndjson");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(2, answer.Json.GetProperty("accepted").GetInt32());
        JsonElement[] rejected = [.. answer.Json.GetProperty("rejected").EnumerateArray()];
        Assert.Equal([1, 2], rejected.Select(r => r.GetProperty("index").GetInt32()));
        Assert.Equal(["1", null], rejected.Select(r => r.GetProperty("id").GetString()));
        Assert.Equal([Codes.InvalidField, Codes.MalformedJson], rejected.Select(r => r.GetProperty("code").GetString()));
        Assert.Equal("subject must be a string", rejected[0].GetProperty("message").GetString());

        Assert.Equal(["a", "d"], server.Topic.Of(RecordKind.Use).Select(r => r.Id));
        Assert.Equal([bad, "{oops"], server.Topic.Of(RecordKind.Rejected).Select(r => r.Data));
        Assert.All(server.Topic.Of(RecordKind.Rejected), r => Assert.NotEmpty(r.Reason));
    }

    [Fact]
    public async Task When_nothing_is_usable_the_answer_is_400_with_the_list()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        server.Topic.Fails = _ => true;
        Answer answer = await server.PostAsync(Path, "[{},{}]");
        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json", Codes.NothingAccepted), (answer.Status, answer.ContentType, answer.Code));
        Assert.Equal(2, answer.Json.GetProperty("rejected").GetArrayLength());
    }

    [Fact]
    public async Task A_rejection_that_cannot_be_stored_does_not_fail_the_request()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        server.Topic.Fails = record => record.Kind == RecordKind.Rejected;
        Answer answer = await server.PostAsync(Path, $"[{Events.Json()},{{}}]");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    [Fact]
    public async Task The_kept_bytes_of_a_huge_event_are_cut()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        await server.PostAsync(Path, Events.With("data", $$"""{"a":"{{new string('x', 100_000)}}"}"""));
        Assert.Equal(64 * 1024, Assert.Single(server.Topic.Records).Data.Length);
    }

    [Fact]
    public async Task Any_event_that_is_not_stored_makes_503_and_says_that_resending_is_safe()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        server.Topic.Fails = record => record.Id == "2";
        Answer answer = await server.PostAsync(Path, Events.Array(5));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, Codes.NotStored), (answer.Status, answer.Code));
        Assert.Contains("send the whole batch again", answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.NotNull(answer.RetryAfter);
    }

    [Fact]
    public async Task Nothing_is_acknowledged_before_the_log_has_it()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        TaskCompletionSource gate = new();
        server.Topic.Gate = gate.Task;
        Task<Answer> sending = server.PostAsync(Path, Events.Array(1));
        while (server.Topic.Appends == 0)
        {
            await Task.Delay(5);
        }

        await Task.Delay(50);
        Assert.False(sending.IsCompleted);
        gate.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await sending).Status);
    }

    [Fact]
    public async Task A_log_that_takes_too_long_makes_503()
    {
        await using IngestServer server = await IngestServer.StartAsync(options => options.PublishTimeout = TimeSpan.FromMilliseconds(100));
        server.Topic.Gate = new TaskCompletionSource().Task;
        Answer answer = await server.PostAsync(Path, Events.Array(1));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, Codes.NotStored), (answer.Status, answer.Code));
        server.Topic.Gate = Task.CompletedTask;
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync(Path, Events.Array(1))).Status);
        Assert.Equal(0, server.Services.GetRequiredService<InFlightBytes>().Current);
    }

    [Fact]
    public async Task Too_many_bytes_in_flight_make_429_until_they_are_gone()
    {
        await using IngestServer server = await IngestServer.StartAsync(options =>
        {
            options.MaxInFlightBytes = options.MaxBodyBytes = 128 * 1024;
        });
        TaskCompletionSource gate = new();
        server.Topic.Gate = gate.Task;
        Task<Answer> first = server.PostAsync(Path, Events.Array(600));
        while (server.Topic.Appends == 0)
        {
            await Task.Delay(5);
        }

        Answer refused = await server.PostAsync(Path, Events.Array(600));
        Assert.Equal((HttpStatusCode.TooManyRequests, Codes.Overloaded, "1"), (refused.Status, refused.Code, refused.RetryAfter));
        gate.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await first).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync(Path, Events.Array(600))).Status);
        Assert.Equal(0, server.Services.GetRequiredService<InFlightBytes>().Current);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public async Task Compressed_bodies_are_accepted(string encoding)
    {
        await using IngestServer server = await IngestServer.StartAsync();
        Answer answer = await server.PostAsync(
            Path, Compress(Events.Array(100), encoding), "application/json", request => request.Content!.Headers.ContentEncoding.Add(encoding));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(100, server.Topic.Records.Count);
    }

    [Fact]
    public async Task A_truncated_gzip_body_is_400()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        Answer answer = await server.PostAsync(
            Path, Compress(Events.Array(100), "gzip")[..^9], "application/json", request => request.Content!.Headers.ContentEncoding.Add("gzip"));
        Assert.Equal((HttpStatusCode.BadRequest, Codes.CorruptEncoding), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task Other_encodings_and_types_are_415()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        Answer encoding = await server.PostAsync(Path, [1], "application/json", request => request.Content!.Headers.ContentEncoding.Add("br"));
        Answer type = await server.PostAsync(Path, "a=b", "application/x-www-form-urlencoded");
        Answer none = await server.PostAsync(Path, "{}"u8.ToArray(), contentType: null);
        Assert.Equal((HttpStatusCode.UnsupportedMediaType, Codes.UnsupportedEncoding), (encoding.Status, encoding.Code));
        Assert.Equal((HttpStatusCode.UnsupportedMediaType, Codes.UnsupportedContentType), (type.Status, type.Code));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, none.Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bodies_and_batches_above_their_limits_are_413(bool compressed)
    {
        await using IngestServer server = await IngestServer.StartAsync(options =>
        {
            options.MaxBodyBytes = 64 * 1024;
            options.MaxBatchEvents = 10;
        });
        byte[] body = compressed ? Compress(new string(' ', 100_000), "gzip") : new byte[100_000];
        Answer large = await server.PostAsync(Path, body, "application/json", request => request.Content!.Headers.ContentEncoding.Add(compressed ? "gzip" : "identity"));
        Answer many = await server.PostAsync(Path, Events.Array(11));
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, Codes.BodyTooLarge), (large.Status, large.Code));
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, Codes.BatchTooLarge), (many.Status, many.Code));
        Assert.Empty(server.Topic.Records);
    }

    [Fact]
    public async Task A_CloudEvent_in_binary_mode_is_the_same_event()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        Answer answer = await server.PostAsync(Path, """{"tokens": 7}""", "application/json", request =>
        {
            request.Headers.Add("ce-specversion", "1.0");
            request.Headers.Add("ce-id", "caf%C3%A9");
            request.Headers.Add("ce-source", "api");
            request.Headers.Add("ce-type", "llm.call");
            request.Headers.Add("ce-subject", "u");
            request.Headers.Add("ce-region", "eu");
        });
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        StoredRecord record = Assert.Single(server.Topic.Records);
        Assert.Equal(("café", "llm.call", """{"tokens": 7}""", """{"region":"eu"}"""), (record.Id, record.Type, record.Data, record.Attributes));
    }

    [Theory]
    [InlineData("{}, \"subject\": \"x\"")]
    [InlineData("{\"a\":")]
    public async Task The_data_of_binary_mode_must_be_json_and_nothing_more(string body)
    {
        await using IngestServer server = await IngestServer.StartAsync();
        Answer answer = await server.PostAsync(Path, body, "application/json", request => request.Headers.Add("ce-id", "1"));
        Assert.Equal((HttpStatusCode.BadRequest, Codes.MalformedJson), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task A_client_that_goes_away_leaves_nothing_behind()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        using (TcpClient client = new())
        {
            await client.ConnectAsync(IPAddress.Loopback, server.Http.BaseAddress!.Port);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n[{"));
            await Task.Delay(50);
        }

        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync(Path, Events.Array(1))).Status);
        InFlightBytes inFlight = server.Services.GetRequiredService<InFlightBytes>();
        for (int i = 0; i < 200 && inFlight.Current > 0; i++)
        {
            await Task.Delay(10);
        }

        Assert.Equal(0, inFlight.Current);
    }

    [Fact]
    public async Task Ten_thousand_events_in_one_request()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        Answer answer = await server.PostAsync(Path, Events.Array(10_000));
        Assert.Equal("""{"accepted":10000,"rejected":[]}""", answer.Body);
        Assert.Equal(10_000, server.Topic.Records.Select(record => record.Id).Distinct().Count());
    }

    private static byte[] Compress(string text, string encoding)
    {
        using MemoryStream target = new();
        using (Stream encoder = encoding == "gzip" ? new GZipStream(target, CompressionLevel.Fastest) : new ZstdSharp.CompressionStream(target))
        {
            encoder.Write(Encoding.UTF8.GetBytes(text));
        }

        return target.ToArray();
    }
}
