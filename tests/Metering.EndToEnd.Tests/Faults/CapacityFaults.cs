using System.Globalization;
using System.Net;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>More than can be counted, or held, at once: memory stays bounded, and what is refused is refused before it is acknowledged.</summary>
internal static class CapacityFaults
{
    private const int Batches = 200;
    private const int BatchEvents = 5000;
    private const int LittleMemory = 512 << 20;
    private static readonly TimeSpan s_catchUp = TimeSpan.FromMinutes(5);

    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        FaultRow.OnOneMachine("B7", "slow consumer", "ClickHouse stopped while a million events come into the embedded log; then it goes on", BacklogAsync),
        FaultRow.OnOneMachine("M1", "memory limit", "512 MiB of heap for the whole program, a hundred senders of bodies of 5,000 events, 10 s", LittleMemoryAsync, LittleHeap),
    ];

    private static OneMachineOptions LittleHeap() => new()
    {
        Environment = new Dictionary<string, string> { ["DOTNET_GCHeapHardLimit"] = LittleMemory.ToString("x", CultureInfo.InvariantCulture) },
    };

    private static async Task<Strike> BacklogAsync(OneMachine machine)
    {
        using MeteringClient client = await machine.NewClientAsync();
        int before = machine.Process.PeakMegabytes();
        int engine = machine.ClickHouseProcess;
        MeteringProcess.Pause(engine);
        for (int batch = 0; batch < Batches; batch += 4)
        {
            await Task.WhenAll(Enumerable.Range(batch, 4).Select(i => client.IngestAsync(Body(i))));
        }

        MeteringProcess.Continue(engine);
        TimeSpan took = await Eventually.TrueAsync(
            async () => await client.SqlAsync("SELECT count() FROM usage_events WHERE type = 'backlog'") == $"{Batches * BatchEvents}", "the backlog is counted", s_catchUp);
        string note = $"{Batches * BatchEvents:N0} events behind, caught up in {took.TotalSeconds:N0} s; most memory {machine.Process.PeakMegabytes()} MiB, {before} MiB before";
        return new Strike(1, Note: string.Create(CultureInfo.InvariantCulture, $"{note}"));
    }

    private static async Task<Strike> LittleMemoryAsync(OneMachine machine)
    {
        using MeteringClient client = await machine.NewClientAsync();
        int process = machine.Process.ProcessId;
        int accepted = 0, refused = 0, broken = 0;
        using CancellationTokenSource stop = new(TimeSpan.FromSeconds(10));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async sender =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                HttpStatusCode? status = await TrySendAsync(client, Body((sender * 10_000) + i));
                _ = status switch
                {
                    HttpStatusCode.OK => Interlocked.Increment(ref accepted),
                    HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => Interlocked.Increment(ref refused),
                    _ => Interlocked.Increment(ref broken),
                };
            }
        }));
        Assert.False(MeteringProcess.IsGone(process), $"it ran out of memory: {machine.Process.Errors}");
        await Eventually.TrueAsync(
            async () => long.Parse(await client.SqlAsync("SELECT count() FROM usage_events WHERE type = 'backlog'"), CultureInfo.InvariantCulture) >= accepted * (long)BatchEvents,
            "all that was accepted is counted", s_catchUp);
        return new Strike(1, InDoubt: broken, Note: $"{accepted} bodies accepted, {refused} refused with 429 or 503, {broken} broken; the process went on");
    }

    private static async Task<HttpStatusCode?> TrySendAsync(MeteringClient client, string body)
    {
        try
        {
            using HttpResponseMessage response = await client.SendAsync(HttpMethod.Post, "/v1/events", body);
            return response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static string Body(int batch) => $"[{string.Join(',', Enumerable.Range(0, BatchEvents).Select(i =>
        $$$"""{"id":"{{{batch}}}-{{{i}}}","source":"backlog","type":"backlog","subject":"marker","data":{"tokens":{{{i}}},"model":"small","user":"user-{{{i % 100}}}"}}"""))}]";
}
