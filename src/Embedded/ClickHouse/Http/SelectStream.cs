using System.Buffers;
using System.Text;
using Metering.Embedded.ClickHouse.Native;

namespace Metering.Embedded.ClickHouse.Http;

/// <summary>
/// Runs a SELECT and passes its bytes on as they come. The beginning is held back until the end or the limit is reached, so that an early
/// error still has a status of its own; memory is bounded by that limit, and a slow client slows the engine down.
/// </summary>
internal sealed class SelectStream(ChdbEngine engine, ChdbConnection connection, ResponseWriter response, string logComment, TimeProvider time)
{
    private const int ReadBytes = 256 * 1024;
    private static readonly TimeSpan KillAgain = TimeSpan.FromMilliseconds(200);

    public async Task RunAsync(
        ReadOnlyMemory<byte> sql, int outputClauseAt, string format, QueryParameters parameters, long holdBytes, bool mustHoldAll, CancellationToken aborted)
    {
        using OutputPipe pipe = new();
        byte[] rewritten = IntoPipe(sql.Span, outputClauseAt, pipe);
        Task<ChdbResult> query = Task.Run(() => Query(rewritten, format, parameters, pipe), CancellationToken.None);
        try
        {
            await PumpAsync(pipe, query, format, holdBytes, mustHoldAll, aborted).ConfigureAwait(false);
        }
        finally
        {
            await EndAsync(query).ConfigureAwait(false);
        }
    }

    private ChdbResult Query(byte[] sql, string format, QueryParameters parameters, OutputPipe pipe)
    {
        try
        {
            return connection.Query(sql, format, parameters);
        }
        finally
        {
            pipe.CloseWriter();
        }
    }

    private async Task PumpAsync(OutputPipe pipe, Task<ChdbResult> query, string format, long holdBytes, bool mustHoldAll, CancellationToken aborted)
    {
        using HeldOutput held = new();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            int read;
            while ((read = await Task.Run(() => pipe.Read(buffer), CancellationToken.None).ConfigureAwait(false)) > 0)
            {
                aborted.ThrowIfCancellationRequested();
                if (!response.HasBegun && held.Bytes + read <= holdBytes)
                {
                    held.Add(buffer.AsSpan(0, read));
                    continue;
                }

                if (mustHoldAll)
                {
                    throw new ClickHouseException(ErrorCode.TooManyRowsOrBytes, $"The result is larger than the {holdBytes} bytes kept for wait_end_of_query=1", "TOO_MANY_ROWS_OR_BYTES");
                }

                await PassOnAsync(held, buffer.AsMemory(0, read), format, aborted).ConfigureAwait(false);
            }

            await FinishAsync(held, await query.ConfigureAwait(false), format, aborted).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task PassOnAsync(HeldOutput held, ReadOnlyMemory<byte> bytes, string format, CancellationToken aborted)
    {
        if (!response.HasBegun)
        {
            response.Begin(format);
            held.MoveTo(response);
        }

        response.Write(bytes.Span);
        await response.FlushAsync(aborted).ConfigureAwait(false);
    }

    private async Task FinishAsync(HeldOutput held, ChdbResult result, string format, CancellationToken aborted)
    {
        if (result.Error is { } error)
        {
            throw new ClickHouseException(error);
        }

        if (!response.HasBegun)
        {
            response.Begin(format, result);
            held.MoveTo(response);
        }

        await response.EndAsync(aborted).ConfigureAwait(false);
    }

    /// <summary>A connection must not be closed under a running query, so one that nobody wants any more is killed until it is gone.</summary>
    private async Task EndAsync(Task<ChdbResult> query)
    {
        while (!query.IsCompleted)
        {
            await Task.Run(() => engine.Kill(logComment)).ConfigureAwait(false);
            await Task.WhenAny(query, Task.Delay(KillAgain, time, CancellationToken.None)).ConfigureAwait(false);
        }

        (await query.ConfigureAwait(false)).Dispose();
    }

    private static byte[] IntoPipe(ReadOnlySpan<byte> sql, int at, OutputPipe pipe)
    {
        byte[] clause = Encoding.ASCII.GetBytes($" INTO OUTFILE '{pipe.Path}' APPEND ");
        byte[] rewritten = new byte[sql.Length + clause.Length];
        sql[..at].CopyTo(rewritten);
        clause.CopyTo(rewritten.AsSpan(at));
        sql[at..].CopyTo(rewritten.AsSpan(at + clause.Length));
        return rewritten;
    }
}
