using Grpc.Core;
using Metering.Contracts;
using Metering.Ingest.Publishing;
using Metering.Ingest.Tests.Support;
using Metering.Ingest.Validation;
using Metering.V1;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Metering.Ingest.Tests.Grpc;

public class IngestStreamTests
{
    [Fact]
    public async Task Messages_are_acknowledged_in_order_with_their_rejections()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        using AsyncDuplexStreamingCall<IngestStreamRequest, IngestStreamResponse> stream = Open(server);
        for (ulong sequence = 1; sequence <= 100; sequence++)
        {
            IngestStreamRequest request = Messages.StreamRequest(sequence * 10, 3);
            request.Events[1].Subject = sequence == 50 ? "" : "s";
            await stream.RequestStream.WriteAsync(request);
        }

        await stream.RequestStream.CompleteAsync();
        List<IngestStreamResponse> responses = await ReadAllAsync(stream);
        Assert.Equal(Enumerable.Range(1, 100).Select(i => (ulong)i * 10), responses.Select(response => response.Sequence));
        Assert.All(responses, response => Assert.Equal(response.Sequence == 500 ? 2u : 3u, response.Accepted));
        StreamRejection rejection = Assert.Single(responses.SelectMany(response => response.Rejections));
        Assert.Equal((1u, "500-1", Codes.MissingField), (rejection.Index, rejection.Id, rejection.Rejected.Code));
        Assert.Equal((64u, 20_000u), (responses[0].Window.Messages, responses[0].Window.Events));
        Assert.Equal(299, server.Topic.Of(RecordKind.Use).Count());
    }

    [Fact]
    public async Task Nothing_is_acknowledged_before_the_log_has_it()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        TaskCompletionSource gate = new();
        server.Topic.Gate = gate.Task;
        using AsyncDuplexStreamingCall<IngestStreamRequest, IngestStreamResponse> stream = Open(server);
        await stream.RequestStream.WriteAsync(Messages.StreamRequest(1, 1));
        Task<bool> answer = stream.ResponseStream.MoveNext(default);
        while (server.Topic.Appends == 0)
        {
            await Task.Delay(5);
        }

        await Task.Delay(50);
        Assert.False(answer.IsCompleted);
        gate.SetResult();
        Assert.True(await answer);
    }

    [Theory]
    [InlineData("messages")]
    [InlineData("events")]
    [InlineData("bytes")]
    public async Task A_full_window_stops_the_reading(string what)
    {
        await using IngestServer server = await IngestServer.StartAsync(options =>
        {
            options.StreamWindowMessages = what == "messages" ? 4 : 1000;
            options.StreamWindowEvents = what == "events" ? 40 : 100_000;
            options.StreamWindowBytes = what == "bytes" ? 4 * Messages.StreamRequest(1000, 10).CalculateSize() : 1024 * 1024;
        });
        TaskCompletionSource gate = new();
        server.Topic.Gate = gate.Task;
        using AsyncDuplexStreamingCall<IngestStreamRequest, IngestStreamResponse> stream = Open(server);
        Task sending = SendAsync(stream, first: 1000, count: 20, events: 10);
        while (server.Topic.Appends < 4)
        {
            await Task.Delay(5);
        }

        await Task.Delay(300);
        Assert.Equal(4, server.Topic.Appends);

        gate.SetResult();
        await sending;
        Assert.Equal(20, (await ReadAllAsync(stream)).Count);
    }

    [Fact]
    public async Task A_client_that_does_not_read_its_acknowledgements_is_held_back()
    {
        await using IngestServer server = await IngestServer.StartAsync(options => options.StreamWindowMessages = 8);
        using AsyncDuplexStreamingCall<IngestStreamRequest, IngestStreamResponse> stream = Open(server);

        // Every event is refused, so that acknowledgements are large and fill the connection's buffers soon.
        Task sending = SendAsync(stream, first: 1, count: 2000, events: 200, subject: "");
        int before;
        do
        {
            before = server.Topic.Appends;
            await Task.Delay(500);
        }
        while (server.Topic.Appends != before);

        Assert.False(sending.IsCompleted);
        Assert.InRange(before, 8, 1000);
        Assert.InRange(server.Services.GetRequiredService<InFlightBytes>().Current, 0, 8 * 200 * 64);

        Assert.Equal(2000, (await ReadAllAsync(stream)).Count);
        await sending;
    }

    [Fact]
    public async Task When_the_log_fails_the_stream_ends_after_what_was_stored()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        server.Topic.Fails = record => record.Id.StartsWith("3-", StringComparison.Ordinal);
        using AsyncDuplexStreamingCall<IngestStreamRequest, IngestStreamResponse> stream = Open(server);
        for (ulong sequence = 1; sequence <= 3; sequence++)
        {
            await stream.RequestStream.WriteAsync(Messages.StreamRequest(sequence, 2));
        }

        List<ulong> acknowledged = [];
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (IngestStreamResponse response in stream.ResponseStream.ReadAllAsync())
            {
                acknowledged.Add(response.Sequence);
            }
        });
        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.Equal([1, 2], acknowledged);
        await NothingInFlightAsync(server);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(4)]
    public async Task Sequences_must_increase(ulong second)
    {
        await using IngestServer server = await IngestServer.StartAsync();
        using AsyncDuplexStreamingCall<IngestStreamRequest, IngestStreamResponse> stream = Open(server);
        await stream.RequestStream.WriteAsync(Messages.StreamRequest(5, 1));
        await stream.RequestStream.WriteAsync(Messages.StreamRequest(second, 1));
        Assert.True(await stream.ResponseStream.MoveNext(default));
        RpcException error = await Assert.ThrowsAsync<RpcException>(() => stream.ResponseStream.MoveNext(default));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
    }

    [Fact]
    public async Task A_cancelled_stream_leaves_nothing_behind()
    {
        await using IngestServer server = await IngestServer.StartAsync();
        TaskCompletionSource gate = new();
        server.Topic.Gate = gate.Task;
        using CancellationTokenSource cancel = new();
        using AsyncDuplexStreamingCall<IngestStreamRequest, IngestStreamResponse> stream =
            new UsageIngest.UsageIngestClient(server.Channel).IngestStream(cancellationToken: cancel.Token);
        for (ulong sequence = 1; sequence <= 5; sequence++)
        {
            await stream.RequestStream.WriteAsync(Messages.StreamRequest(sequence, 2));
        }

        while (server.Topic.Appends < 5)
        {
            await Task.Delay(5);
        }

        await cancel.CancelAsync();
        gate.SetResult();
        await NothingInFlightAsync(server);
        Assert.Equal(10, server.Topic.Records.Count);
    }

    private static AsyncDuplexStreamingCall<IngestStreamRequest, IngestStreamResponse> Open(IngestServer server) =>
        new UsageIngest.UsageIngestClient(server.Channel).IngestStream();

    private static async Task<List<IngestStreamResponse>> ReadAllAsync(AsyncDuplexStreamingCall<IngestStreamRequest, IngestStreamResponse> stream)
    {
        List<IngestStreamResponse> responses = [];
        await foreach (IngestStreamResponse response in stream.ResponseStream.ReadAllAsync())
        {
            responses.Add(response);
        }

        return responses;
    }

    private static async Task SendAsync(
        AsyncDuplexStreamingCall<IngestStreamRequest, IngestStreamResponse> stream, ulong first, int count, int events, string subject = "s")
    {
        for (int i = 0; i < count; i++)
        {
            await stream.RequestStream.WriteAsync(Messages.StreamRequest(first + (ulong)i, events, subject));
        }

        await stream.RequestStream.CompleteAsync();
    }

    private static async Task NothingInFlightAsync(IngestServer server)
    {
        InFlightBytes inFlight = server.Services.GetRequiredService<InFlightBytes>();
        for (int i = 0; i < 500 && inFlight.Current > 0; i++)
        {
            await Task.Delay(10);
        }

        Assert.Equal(0, inFlight.Current);
    }
}
