using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using Metering.Ingest.Validation;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Metering.Ingest.Parsing;

/// <summary>Reads a request body into a <see cref="BodyBuffer"/>, decoding it on the way. The limit is on the decoded bytes.</summary>
internal sealed class BodyReader(IngestOptions options)
{
    // RFC 9659: zstd as a content encoding has windows of at most 8 MiB. The format allows far more, and the decoder would take that memory.
    private const int ZstdWindowLogMax = 23;

    private static readonly Problem s_corrupt = new(Codes.CorruptEncoding, "the compressed body is damaged or cut off");
    private static readonly Problem s_encoding = new(Codes.UnsupportedEncoding, "Content-Encoding must be gzip, zstd or absent");
    private static readonly Problem s_overloaded = new(Codes.Overloaded, "too many bytes are in flight; send the batch again later");

    private readonly int _limit = options.MaxBodyBytes;
    private readonly Problem _tooLarge = new(Codes.BodyTooLarge, $"the body is larger than {options.MaxBodyBytes} bytes (after decompression)");

    public static Problem Overloaded => s_overloaded;

    public async ValueTask<Problem> ReadAsync(PipeReader body, BodyEncoding encoding, BodyBuffer into, CancellationToken cancellationToken)
    {
        try
        {
            return encoding switch
            {
                BodyEncoding.Identity => await CopyAsync(body, into, cancellationToken).ConfigureAwait(false),
                BodyEncoding.Gzip => await GunzipAsync(body, into, cancellationToken).ConfigureAwait(false),
                BodyEncoding.Zstd => await UnzstdAsync(body, into, cancellationToken).ConfigureAwait(false),
                BodyEncoding.Unsupported => s_encoding,
            };
        }
        catch (Exception error) when (error is InvalidDataException or ZstdException or EndOfStreamException)
        {
            return s_corrupt;
        }
    }

    private async ValueTask<Problem> CopyAsync(PipeReader body, BodyBuffer into, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult result = await body.ReadAsync(cancellationToken).ConfigureAwait(false);
            Problem problem = Take(result.Buffer, into);
            body.AdvanceTo(result.Buffer.End);
            if (!problem.IsNone || result.IsCompleted)
            {
                return problem;
            }
        }
    }

    private Problem Take(in ReadOnlySequence<byte> bytes, BodyBuffer into)
    {
        if (bytes.Length > _limit - into.Length)
        {
            return _tooLarge;
        }

        int count = (int)bytes.Length;
        if (!into.TryMakeRoom(count))
        {
            return s_overloaded;
        }

        bytes.CopyTo(into.Free.Span);
        into.Advance(count);
        return Problem.None;
    }

    private async ValueTask<Problem> GunzipAsync(PipeReader body, BodyBuffer into, CancellationToken cancellationToken)
    {
        TrailerStream source = new(body.AsStream(leaveOpen: true));
        await using (source.ConfigureAwait(false))
        {
            GZipStream decoder = new(source, CompressionMode.Decompress, leaveOpen: true);
            await using (decoder.ConfigureAwait(false))
            {
                Problem problem = await DecodeAsync(decoder, into, cancellationToken).ConfigureAwait(false);
                bool complete = !problem.IsNone || await source.IsCompleteAsync(into.Length, cancellationToken).ConfigureAwait(false);
                return complete ? problem : s_corrupt;
            }
        }
    }

    private async ValueTask<Problem> UnzstdAsync(PipeReader body, BodyBuffer into, CancellationToken cancellationToken)
    {
        DecompressionStream decoder = new(body.AsStream(leaveOpen: true), checkEndOfStream: true, leaveOpen: false);
        await using (decoder.ConfigureAwait(false))
        {
            decoder.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, ZstdWindowLogMax);
            return await DecodeAsync(decoder, into, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<Problem> DecodeAsync(Stream decoder, BodyBuffer into, CancellationToken cancellationToken)
    {
        while (into.Length < _limit)
        {
            if (!into.TryMakeRoom(1))
            {
                return s_overloaded;
            }

            int room = Math.Min(into.Free.Length, _limit - into.Length);
            int count = await decoder.ReadAsync(into.Free[..room], cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                return Problem.None;
            }

            into.Advance(count);
        }

        // One byte past the limit is enough to know: a bomb is not decoded any further.
        return await decoder.ReadAsync(new byte[1], cancellationToken).ConfigureAwait(false) == 0 ? Problem.None : _tooLarge;
    }
}
