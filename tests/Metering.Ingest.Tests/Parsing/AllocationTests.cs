using System.Diagnostics;
using System.Text;
using Metering.Ingest.Parsing;
using Metering.Ingest.Publishing;
using Metering.Ingest.Tests.Support;
using Xunit;

namespace Metering.Ingest.Tests.Parsing;

public class AllocationTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "")]
    [InlineData(false, ",\"region\":\"eu\",\"trace\":{\"a\":[1,2]}")]
    [InlineData(false, ",\"note\":\"tab\\tand \\u00e9\"")]
    public void Parsing_validating_and_encoding_allocate_nothing_once_warm(bool lines, string rest)
    {
        const int Count = 1000;
        string[] events = [.. Enumerable.Range(0, Count).Select(i => Events.Json($"caf\\u00e9-{i}", rest))];
        byte[] body = Encoding.UTF8.GetBytes(lines ? string.Join('\n', events) : $"[{string.Join(',', events)}]");
        using IngestBatch batch = new(Events.Rules());
        BatchContext context = Events.Context();
        for (int i = 0; i < 20; i++)
        {
            Run(batch, body, lines, context);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        long started = Stopwatch.GetTimestamp();
        Run(batch, body, lines, context);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        output.WriteLine($"{elapsed.TotalNanoseconds / Count:F0} ns an event of {body.Length / Count} bytes");
        Assert.Equal(Count, batch.Accepted);
        Assert.Equal(0, allocated);
    }

    private static void Run(IngestBatch batch, byte[] body, bool lines, in BatchContext context)
    {
        batch.Reset();
        Assert.True(batch.ParseEvents(body, lines ? BodyShape.Lines : BodyShape.Array, context).IsNone);
    }
}
