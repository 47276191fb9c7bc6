using System.Collections.Concurrent;
using Metering.Ingest.Validation;

namespace Metering.Ingest.Publishing;

/// <summary>Warm batches. Large ones are not kept, so that one big request does not hold its memory for ever.</summary>
internal sealed class IngestBatchPool(EventRules rules) : IDisposable
{
    private const int MostKept = 64;
    private const int LargestKept = 4 * 1024 * 1024;

    private readonly ConcurrentQueue<IngestBatch> _free = new();

    public IngestBatch Rent() => _free.TryDequeue(out IngestBatch? batch) ? batch : new IngestBatch(rules);

    /// <remarks>Never for a batch whose append was cut short: the log may still write into it.</remarks>
    public void Return(IngestBatch batch)
    {
        if (batch.Records.ByteCount > LargestKept || _free.Count >= MostKept)
        {
            batch.Dispose();
            return;
        }

        batch.Reset();
        _free.Enqueue(batch);
    }

    public void Dispose()
    {
        while (_free.TryDequeue(out IngestBatch? batch))
        {
            batch.Dispose();
        }
    }
}
