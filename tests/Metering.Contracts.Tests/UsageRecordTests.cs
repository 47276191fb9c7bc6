using System.Buffers;
using System.Text;
using Google.Protobuf;
using Metering.Log.V1;
using Xunit;

namespace Metering.Contracts.Tests;

public class UsageRecordTests
{
    [Fact]
    public void The_generated_code_reads_what_the_codec_writes()
    {
        ArrayBufferWriter<byte> output = new();
        UsageRecordCodec.Write(Sample(), output);
        Log.V1.UsageRecord parsed = Log.V1.UsageRecord.Parser.ParseFrom(output.WrittenSpan);

        Assert.Equal(Generated(), parsed);
        Assert.Equal(Generated().ToByteArray(), output.WrittenSpan.ToArray());
    }

    /// <summary>These bytes are in people's logs: a change here breaks every deployed reader.</summary>
    [Fact]
    public void The_bytes_are_golden()
    {
        ArrayBufferWriter<byte> output = new();
        UsageRecordCodec.Write(Sample(), output);
        Assert.Equal(
            "080110021A0461636D6522036170692A0365763132036C6C6D3A0263314100007C8B4D8ED70849080706050403020152077B2261223A317D5A027B7D62016B6A03776879720163",
            Convert.ToHexString(output.WrittenSpan));
    }

    [Fact]
    public void The_codec_reads_what_it_wrote()
    {
        ArrayBufferWriter<byte> output = new();
        UsageRecordCodec.Write(Sample(), output);
        Assert.True(UsageRecordCodec.TryRead(output.WrittenSpan, out UsageRecord record, out _));
        Assert.Equal(RecordKind.Amend, record.Kind);
        Assert.Equal("acme|api|ev1|llm|c1", string.Join('|', Text(record.Tenant), Text(record.Source), Text(record.Id), Text(record.Type), Text(record.Subject)));
        Assert.Equal(Sample().TimeTicks, record.TimeTicks);
        Assert.Equal(0x0102030405060708UL, record.PayloadHash);
        Assert.Equal("""{"a":1}|{}|k|why|c""", string.Join('|', Text(record.Data), Text(record.Attributes), Text(record.Key), Text(record.Reason), Text(record.Code)));
    }

    [Fact]
    public void Fields_of_a_later_writer_are_skipped()
    {
        ArrayBufferWriter<byte> output = new();
        UsageRecordCodec.Write(Sample(), output);
        byte[] more = [.. output.WrittenSpan, 0xFA, 0x06, 2, 1, 2, 0xF8, 0x06, 5, 0xFD, 0x06, 1, 2, 3, 4];
        Assert.True(UsageRecordCodec.TryRead(more, out UsageRecord record, out _));
        Assert.Equal("ev1", Text(record.Id));
    }

    [Fact]
    public void No_cut_or_flipped_record_is_read_past_its_end()
    {
        ArrayBufferWriter<byte> output = new();
        UsageRecordCodec.Write(Sample(), output);
        byte[] bytes = output.WrittenSpan.ToArray();
        for (int length = 0; length < bytes.Length; length++)
        {
            UsageRecordCodec.TryRead(bytes.AsSpan(0, length), out _, out _);
        }

        for (int i = 0; i < bytes.Length * 8; i++)
        {
            byte[] flipped = [.. bytes];
            flipped[i / 8] ^= (byte)(1 << (i % 8));
            UsageRecordCodec.TryRead(flipped, out _, out _);
        }
    }

    [Theory]
    [InlineData("", "not a usage record: no version")]
    [InlineData("0802", "unknown record version")]
    [InlineData("08011009", "unknown record kind")]
    [InlineData("0801", "usage record without tenant, source or id")]
    [InlineData("FF", "not a usage record: damaged field")]
    public void Bytes_that_are_no_record_are_named(string hex, string problem)
    {
        Assert.False(UsageRecordCodec.TryRead(Convert.FromHexString(hex), out _, out string? named));
        Assert.Equal(problem, named);
    }

    [Fact]
    public void Writing_and_reading_allocate_nothing()
    {
        ArrayBufferWriter<byte> output = new(4096);
        long before = 0;
        for (int i = 0; i < 1000; i++)
        {
            before = i == 10 ? GC.GetAllocatedBytesForCurrentThread() : before;
            output.ResetWrittenCount();
            UsageRecordCodec.Write(Sample(), output);
            UsageRecordCodec.TryRead(output.WrittenSpan, out _, out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);

    private static UsageRecord Sample() => new()
    {
        Kind = RecordKind.Amend,
        Tenant = "acme"u8,
        Source = "api"u8,
        Id = "ev1"u8,
        Type = "llm"u8,
        Subject = "c1"u8,
        TimeTicks = 637134336000000000,
        PayloadHash = 0x0102030405060708,
        Data = """{"a":1}"""u8,
        Attributes = "{}"u8,
        Key = "k"u8,
        Reason = "why"u8,
        Code = "c"u8,
    };

    private static Log.V1.UsageRecord Generated() => new()
    {
        Version = 1,
        Kind = Log.V1.RecordKind.Amend,
        Tenant = "acme",
        Source = "api",
        Id = "ev1",
        Type = "llm",
        Subject = "c1",
        TimeTicks = 637134336000000000,
        PayloadHash = 0x0102030405060708,
        Data = ByteString.CopyFromUtf8("""{"a":1}"""),
        Attributes = ByteString.CopyFromUtf8("{}"),
        Key = "k",
        Reason = "why",
        Code = "c",
    };
}
