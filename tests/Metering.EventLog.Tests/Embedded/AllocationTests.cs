using Metering.EventLog.Embedded;
using Xunit;

namespace Metering.EventLog.Tests.Embedded;

[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>Counts the bytes of the whole process, so nothing else may run.</summary>
[Collection(nameof(Alone))]
public sealed class AllocationTests : IDisposable
{
    private const int PerBatch = 1000;
    private const int Batches = 200;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Appending_and_reading_allocate_nothing_per_record_once_warm()
    {
        await using EmbeddedEventLog log = LogUse.Open(new EmbeddedEventLogOptions { DataDirectory = _folder.Path, BufferBytes = 16 << 20 });
        ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
        await using ILogReader reader = await topic.OpenReaderAsync(topic.FromStart(), CancellationToken.None);
        using AppendBatch batch = new();
        await RunAsync(topic, reader, batch, Batches);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await RunAsync(topic, reader, batch, Batches);
        double perRecord = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)(Batches * PerBatch);
        Assert.True(perRecord < 8, $"{perRecord:F1} bytes per record");
    }

    private static async Task RunAsync(ITopic topic, ILogReader reader, AppendBatch batch, int batches)
    {
        for (int b = 0; b < batches; b++)
        {
            batch.Reset();
            for (int i = 0; i < PerBatch; i++)
            {
                batch.GetSpan(100)[..100].Fill((byte)i);
                batch.Advance(100);
                batch.EndRecord(i % 4);
            }

            await topic.AppendAsync(batch, CancellationToken.None);
            int read = 0;
            while (read < PerBatch)
            {
                read += (await reader.ReadAsync(PerBatch, 1 << 20, TimeSpan.FromSeconds(10), CancellationToken.None)).Count;
            }
        }
    }
}
