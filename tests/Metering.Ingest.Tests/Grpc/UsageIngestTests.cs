using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;
using Metering.Contracts;
using Metering.Ingest.Publishing;
using Metering.Ingest.Tests.Support;
using Metering.Ingest.Validation;
using Metering.V1;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Metering.Ingest.Tests.Grpc;

public class UsageIngestTests
{
    [Fact]
    public async Task Every_field_arrives_in_the_record_as_over_http()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        UsageEvent message = Messages.Event("café", """{"tokens": 7}""");
        message.Time = new Timestamp { Seconds = IngestServer.Now.ToUnixTimeSeconds(), Nanos = 123_456_799 };
        message.Attributes.Add("b", "2\"");
        message.Attributes.Add("a", "1");
        IngestResponse response = await ClientOf(server).IngestAsync(new IngestRequest { Events = { message } });
        Assert.Equal(EventResult.ResultOneofCase.Accepted, Assert.Single(response.Results).ResultCase);

        StoredRecord record = Assert.Single(server.Topic.Records);
        Assert.Equal((RecordKind.Use, "default", "api", "café", "llm.call", "customer-1"), (record.Kind, record.Tenant, record.Source, record.Id, record.Type, record.Subject));
        Assert.Equal(IngestServer.Now.Ticks + 1_234_567, record.TimeTicks);
        Assert.Equal(("""{"tokens": 7}""", """{"a":"1","b":"2\u0022"}"""), (record.Data, record.Attributes));

        await server.PostAsync("/v1/events", """{"id":"café","source":"api","type":"llm.call","subject":"customer-1","data":{"tokens":7.0}}""");
        Assert.Equal(record.PayloadHash, server.Topic.Records[1].PayloadHash);
        Assert.Equal(record.Partition, server.Topic.Records[1].Partition);
    }

    [Fact]
    public async Task Each_event_gets_its_own_result()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        IngestResponse response = await ClientOf(server).IngestAsync(new IngestRequest
        {
            Events =
            {
                Messages.Event("1"), Messages.Event(""), Messages.Event("3", "[1]"), Messages.Event("4", "{\"a\":1,\"a\":2}"),
                Messages.Event("5", "{} {}"), Messages.Event("6", "{\"a\":" + new string('x', 70_000)), Messages.Event("7", ""),
                Messages.Event("8", Nested(40)), Messages.Event("9\u0001"),
                new UsageEvent(Messages.Event("10")) { Time = new Timestamp { Seconds = long.MaxValue } },
                new UsageEvent(Messages.Event("11")) { Time = new Timestamp { Seconds = IngestServer.Now.ToUnixTimeSeconds() + 301 } },
                new UsageEvent(Messages.Event("12")) { DataJson = ByteString.CopyFrom([0xFF]) },
                new UsageEvent(Messages.Event("13")) { Attributes = { ["id"] = "other" } },
            },
        });
        Assert.Equal(
            [null, Codes.MissingField, Codes.InvalidField, Codes.DuplicateKey, Codes.MalformedJson, Codes.EventTooLarge, null, Codes.TooDeep,
                Codes.InvalidField, Codes.InvalidField, Codes.TimeInFuture, Codes.InvalidUtf8, Codes.InvalidField],
            response.Results.Select(result => result.Rejected?.Code));
        Assert.Equal(["1", "7"], server.Topic.Of(RecordKind.Use).Select(record => record.Id));
        Assert.Equal(11, server.Topic.Of(RecordKind.Rejected).Count());
        Assert.Contains("\"data\":[1]", server.Topic.Of(RecordKind.Rejected).ElementAt(1).Data, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_is_required_and_names_the_tenant()
    {
        await using IngestServer server = await IngestServer.StartAsync(options => options.RequireApiKey = true);
        RpcException missing = await FailsAsync(server, headers: []);
        RpcException wrong = await FailsAsync(server, [new("authorization", "Bearer mtr_bad")]);
        Assert.Equal((StatusCode.Unauthenticated, StatusCode.Unauthenticated), (missing.StatusCode, wrong.StatusCode));
        using AsyncDuplexStreamingCall<IngestStreamRequest, IngestStreamResponse> stream = ClientOf(server).IngestStream();
        RpcException streamed = await Assert.ThrowsAsync<RpcException>(() => stream.ResponseStream.MoveNext(default));
        Assert.Equal(StatusCode.Unauthenticated, streamed.StatusCode);

        await ClientOf(server).IngestAsync(Messages.Batch(1), [new("authorization", "Bearer mtr_good")]);
        Assert.Equal("acme", Assert.Single(server.Topic.Records).Tenant);
    }

    [Fact]
    public async Task Empty_and_too_many_are_invalid_arguments()
    {
        await using IngestServer server = await IngestServer.StartAsync(options => options.MaxBatchEvents = 10);
        Assert.Equal(StatusCode.InvalidArgument, (await FailsAsync(server, [], new IngestRequest())).StatusCode);
        Assert.Equal(StatusCode.InvalidArgument, (await FailsAsync(server, [], Messages.Batch(11))).StatusCode);
    }

    [Fact]
    public async Task Too_many_bytes_in_flight_are_RESOURCE_EXHAUSTED()
    {
        await using IngestServer server = await IngestServer.StartAsync(options => options.MaxInFlightBytes = options.MaxBodyBytes = 64 * 1024);
        TaskCompletionSource gate = new();
        server.Topic.Gate = gate.Task;
        AsyncUnaryCall<IngestResponse> first = ClientOf(server).IngestAsync(Messages.Batch(1000));
        while (server.Topic.Appends == 0)
        {
            await Task.Delay(5);
        }

        Assert.Equal(StatusCode.ResourceExhausted, (await FailsAsync(server, [], Messages.Batch(1000))).StatusCode);
        gate.SetResult();
        await first;
        await ClientOf(server).IngestAsync(Messages.Batch(1000));
        Assert.Equal(0, server.Services.GetRequiredService<InFlightBytes>().Current);
    }

    [Fact]
    public async Task What_the_log_does_not_take_is_UNAVAILABLE()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        server.Topic.Fails = record => record.Id == "1";
        Assert.Equal(StatusCode.Unavailable, (await FailsAsync(server, [], Messages.Batch(3))).StatusCode);
    }

    [Fact]
    public async Task Health_and_reflection_answer()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        HealthCheckResponse health = await new Health.HealthClient(server.Channel).CheckAsync(new HealthCheckRequest { Service = "metering.v1.UsageIngest" });
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);

        using AsyncDuplexStreamingCall<ServerReflectionRequest, ServerReflectionResponse> reflection =
            new ServerReflection.ServerReflectionClient(server.Channel).ServerReflectionInfo();
        await reflection.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
        Assert.True(await reflection.ResponseStream.MoveNext(default));
        Assert.Contains(reflection.ResponseStream.Current.ListServicesResponse.Service, service => service.Name == "metering.v1.UsageIngest");
    }

    private static UsageIngest.UsageIngestClient ClientOf(IngestServer server) => new(server.Channel);

    private static async Task<RpcException> FailsAsync(IngestServer server, Metadata headers, IngestRequest? request = null) =>
        await Assert.ThrowsAsync<RpcException>(async () => await ClientOf(server).IngestAsync(request ?? Messages.Batch(1), headers));

    private static string Nested(int levels) => string.Concat(Enumerable.Repeat("{\"a\":", levels)) + "1" + new string('}', levels);
}
