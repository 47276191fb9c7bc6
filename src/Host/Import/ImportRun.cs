using System.Threading.Channels;
using Metering.Host.Client;

namespace Metering.Host.Import;

/// <summary>
/// One import: a reader that makes batches, and a few senders. Memory is bounded by the batches on their way. Rows are sent in the order of
/// the file but may arrive in any, which changes nothing.
/// </summary>
internal sealed class ImportRun(ImportSettings settings, IRowSource rows, RowMapper mapper, EventSender sender, ImportTally tally, ResumeFile? resume)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, long> _finished = [];
    private long _nextBatch;
    private long _rowsRead;
    private long _skip;

    /// <summary>Rows read from the file, those included that an earlier import had done.</summary>
    public long RowsRead => Interlocked.Read(ref _rowsRead);

    /// <exception cref="ServerException">A batch could not be sent: what was accepted so far stays.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (resume?.Read() is { } point)
        {
            _skip = point.Rows;
            tally.Restore(point.Accepted, point.Refused);
        }

        // A sender that gives up must also end the reader, which would otherwise wait for room for ever.
        using CancellationTokenSource failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Channel<RowBatch> batches = Channel.CreateBounded<RowBatch>(new BoundedChannelOptions(settings.Parallel) { SingleWriter = true });
        List<Task> all = [ReadAsync(batches.Writer, failed.Token), .. Enumerable.Range(0, settings.Parallel).Select(_ => SendAsync(batches.Reader, failed.Token))];
        await WaitAsync(all, failed);
        resume?.Delete();
    }

    private static async Task WaitAsync(List<Task> all, CancellationTokenSource failed)
    {
        Task? first = null;
        await foreach (Task task in Task.WhenEach(all))
        {
            if (!task.IsCompletedSuccessfully && first is null)
            {
                first = task;
                await failed.CancelAsync();
            }
        }

        await (first ?? Task.CompletedTask);
    }

    private async Task ReadAsync(ChannelWriter<RowBatch> batches, CancellationToken cancellationToken)
    {
        RowBatch batch = new(0);
        while (rows.Read() is { } row)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long read = Interlocked.Increment(ref _rowsRead);
            Take(row, isDone: read <= _skip, batch);
            if (batch.Count == settings.BatchRows)
            {
                batch.RowsRead = read;
                await batches.WriteAsync(batch, cancellationToken);
                batch = new RowBatch(batch.Number + 1);
            }
        }

        if (batch.Count > 0)
        {
            batch.RowsRead = RowsRead;
            await batches.WriteAsync(batch, cancellationToken);
        }

        batches.Complete();
    }

    /// <summary>Rows that are done are mapped all the same: they may have equals further on, whose ids count them.</summary>
    private void Take(SourceRow row, bool isDone, RowBatch batch)
    {
        MappedRow mapped = mapper.Map(row);
        if (isDone || mapped.IsElsewhere)
        {
            return;
        }

        if (mapped.Json is { } json)
        {
            batch.Add(row, json);
        }
        else if (settings.Part.Has((UInt128)row.Line))
        {
            tally.Refuse(row.Line, row.Raw, mapped.Problem!);
        }
    }

    private async Task SendAsync(ChannelReader<RowBatch> batches, CancellationToken cancellationToken)
    {
        await foreach (RowBatch batch in batches.ReadAllAsync(cancellationToken))
        {
            SendResult result = await sender.SendAsync(batch.Body, cancellationToken);
            foreach (Rejection rejection in result.Rejected)
            {
                (long line, string raw) = batch.Row(rejection.Index);
                tally.Refuse(line, raw, rejection.Message);
            }

            tally.Accept(result.Accepted);
            Finish(batch);
        }
    }

    /// <summary>Batches finish in any order; only what has no gap before it is done.</summary>
    private void Finish(RowBatch batch)
    {
        lock (_lock)
        {
            _finished.Add(batch.Number, batch.RowsRead);
            long done = 0;
            while (_finished.Remove(_nextBatch, out long rowsRead))
            {
                done = rowsRead;
                _nextBatch++;
            }

            if (done > 0 && resume is not null)
            {
                tally.Flush();
                resume.Write(done, tally.Accepted, tally.Refused);
            }
        }
    }
}
