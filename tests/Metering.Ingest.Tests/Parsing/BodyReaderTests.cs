using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using Metering.Ingest.Parsing;
using Metering.Ingest.Publishing;
using Metering.Ingest.Tests.Support;
using Metering.Ingest.Validation;
using Xunit;
using ZstdSharp;

namespace Metering.Ingest.Tests.Parsing;

public class BodyReaderTests
{
    private static readonly byte[] s_body = Encoding.UTF8.GetBytes(
        $"[{Events.Json("é")},{Events.With("type", "7")},{Events.Json("b", ",\"x\":\"\\u00e9\"")}]");

    [Theory]
    [InlineData(BodyEncoding.Identity)]
    [InlineData(BodyEncoding.Gzip)]
    [InlineData(BodyEncoding.Zstd)]
    internal async Task The_result_is_the_same_for_every_split_of_the_body(BodyEncoding encoding)
    {
        byte[] sent = Encode(s_body, encoding);
        string expected = Events.Outcome(s_body, BodyShape.Array);
        for (int split = 0; split <= sent.Length; split++)
        {
            Assert.Equal(expected, await OutcomeAsync([sent[..split], sent[split..]], encoding));
        }

        Assert.Equal(expected, await OutcomeAsync(sent.Select(b => new[] { b }), encoding));
    }

    [Theory]
    [InlineData(BodyEncoding.Gzip)]
    [InlineData(BodyEncoding.Zstd)]
    internal async Task A_compressed_body_that_is_cut_off_anywhere_is_refused(BodyEncoding encoding)
    {
        byte[] sent = Encode(s_body, encoding);
        for (int length = 1; length < sent.Length; length++)
        {
            (Problem problem, _) = await ReadAsync([sent[..length]], encoding, new IngestOptions());
            Assert.True(problem.Code == Codes.CorruptEncoding, $"cut at {length} of {sent.Length}: {problem}");
        }
    }

    [Theory]
    [InlineData(BodyEncoding.Gzip)]
    [InlineData(BodyEncoding.Zstd)]
    internal async Task Garbage_is_not_a_compressed_body(BodyEncoding encoding)
    {
        (Problem problem, _) = await ReadAsync([s_body], encoding, new IngestOptions());
        Assert.Equal(Codes.CorruptEncoding, problem.Code);
    }

    [Theory]
    [InlineData(BodyEncoding.Identity)]
    [InlineData(BodyEncoding.Gzip)]
    [InlineData(BodyEncoding.Zstd)]
    internal async Task The_limit_is_on_the_decoded_bytes_and_exact(BodyEncoding encoding)
    {
        IngestOptions options = new() { MaxBodyBytes = 10_000 };
        (Problem fits, int length) = await ReadAsync([Encode(new byte[10_000], encoding)], encoding, options);
        (Problem tooLarge, _) = await ReadAsync([Encode(new byte[10_001], encoding)], encoding, options);
        Assert.Equal((Problem.None, 10_000), (fits, length));
        Assert.Equal(Codes.BodyTooLarge, tooLarge.Code);
    }

    [Theory]
    [InlineData(BodyEncoding.Gzip)]
    [InlineData(BodyEncoding.Zstd)]
    internal async Task A_bomb_takes_no_more_memory_than_the_limit(BodyEncoding encoding)
    {
        InFlightBytes inFlight = new(long.MaxValue);
        using InFlightBytes.Reservation reservation = inFlight.Reserve();
        using BodyBuffer buffer = new(reservation);
        PipeReader body = PipeReader.Create(new MemoryStream(Encode(new byte[64 * 1024 * 1024], encoding)));
        Problem problem = await new BodyReader(new IngestOptions { MaxBodyBytes = 1024 * 1024 }).ReadAsync(body, encoding, buffer, default);
        Assert.Equal(Codes.BodyTooLarge, problem.Code);
        Assert.InRange(inFlight.Current, 1, 1024 * 1024);
    }

    [Fact]
    public async Task Zstd_windows_above_8_MiB_are_refused()
    {
        using Compressor compressor = new();
        compressor.SetParameter(ZstdSharp.Unsafe.ZSTD_cParameter.ZSTD_c_windowLog, 27);
        using MemoryStream target = new();
        using (CompressionStream stream = new(target, compressor))
        {
            stream.Write(new byte[20 * 1024 * 1024]);
        }

        (Problem problem, _) = await ReadAsync([target.ToArray()], BodyEncoding.Zstd, new IngestOptions());
        Assert.Equal(Codes.CorruptEncoding, problem.Code);
    }

    [Fact]
    public async Task Bytes_in_flight_are_accounted_and_given_back()
    {
        InFlightBytes inFlight = new(100_000);
        using (InFlightBytes.Reservation reservation = inFlight.Reserve())
        {
            using BodyBuffer buffer = new(reservation);
            Problem problem = await new BodyReader(new IngestOptions()).ReadAsync(
                PipeReader.Create(new MemoryStream(new byte[200_000])), BodyEncoding.Identity, buffer, default);
            Assert.Equal(Codes.Overloaded, problem.Code);
            Assert.InRange(inFlight.Current, 0, 100_000);
        }

        Assert.Equal(0, inFlight.Current);
    }

    private static async Task<string> OutcomeAsync(IEnumerable<byte[]> pieces, BodyEncoding encoding)
    {
        using InFlightBytes.Reservation reservation = new InFlightBytes(long.MaxValue).Reserve();
        using BodyBuffer buffer = new(reservation);
        Problem problem = await new BodyReader(new IngestOptions()).ReadAsync(Pipe(pieces), encoding, buffer, default);
        Assert.True(problem.IsNone, problem.ToString());
        return Events.Outcome(buffer.Written.Span, BodyShape.Array);
    }

    private static async Task<(Problem Problem, int Length)> ReadAsync(IEnumerable<byte[]> pieces, BodyEncoding encoding, IngestOptions options)
    {
        using InFlightBytes.Reservation reservation = new InFlightBytes(long.MaxValue).Reserve();
        using BodyBuffer buffer = new(reservation);
        Problem problem = await new BodyReader(options).ReadAsync(Pipe(pieces), encoding, buffer, default);
        return (problem, buffer.Length);
    }

    /// <summary>Gives each piece as its own read.</summary>
    private static PipeReader Pipe(IEnumerable<byte[]> pieces)
    {
        Pipe pipe = new(new PipeOptions(useSynchronizationContext: false, pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        _ = WriteAsync(pipe.Writer, [.. pieces]);
        return pipe.Reader;
    }

    private static async Task WriteAsync(PipeWriter writer, byte[][] pieces)
    {
        foreach (byte[] piece in pieces)
        {
            await writer.WriteAsync(piece);
        }

        await writer.CompleteAsync();
    }

    private static byte[] Encode(byte[] body, BodyEncoding encoding)
    {
        if (encoding == BodyEncoding.Identity)
        {
            return body;
        }

        using MemoryStream target = new();
        using (Stream encoder = encoding == BodyEncoding.Gzip ? new GZipStream(target, CompressionLevel.Fastest) : new CompressionStream(target))
        {
            encoder.Write(body);
        }

        return target.ToArray();
    }
}
