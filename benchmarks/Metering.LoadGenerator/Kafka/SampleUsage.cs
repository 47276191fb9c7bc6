using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Metering.Contracts;
using Metering.EventLog;

namespace Metering.LoadGenerator.Kafka;

/// <summary>
/// Ten minutes of usage in the order of its time: the events that wait in the topic, and the same ones as rows for ClickHouse. Subjects and data
/// are drawn in advance, so that making an event costs little. Safe for concurrent use.
/// </summary>
internal sealed class SampleUsage
{
    private const int Shapes = 100_000;
    private const int Seed = 1;
    private const int IdDigits = 12;
    private static readonly TimeSpan s_span = TimeSpan.FromMinutes(10);
    private static readonly byte[] s_tenant = Encoding.UTF8.GetBytes(LoadOptions.Tenant);

    private readonly Shape[] _shapes;
    private readonly DateTime _start = DateTimeOffset.UtcNow.UtcDateTime - s_span;

    public SampleUsage(long count)
    {
        Count = count;
        Random random = new(Seed);
        PayloadHasher hasher = new();
        _shapes = [.. Enumerable.Range(0, (int)Math.Min(Shapes, count)).Select(_ => NewShape(random, hasher))];
    }

    public long Count { get; }

    private static ReadOnlySpan<byte> Source => "catch-up"u8;

    private static ReadOnlySpan<byte> Type => "request"u8;

    /// <summary>Adds an event as ingestion does.</summary>
    public void Append(long number, AppendBatch batch, int partitions)
    {
        Span<byte> id = stackalloc byte[IdDigits];
        Utf8Formatter.TryFormat(number, id, out _, new StandardFormat('D', IdDigits));
        Shape shape = _shapes[number % _shapes.Length];
        UsageRecordCodec.Write(
            new UsageRecord
            {
                Kind = RecordKind.Use,
                Tenant = s_tenant,
                Source = Source,
                Id = id,
                Type = Type,
                Subject = shape.Subject,
                TimeTicks = Time(number).Ticks,
                PayloadHash = shape.Hash,
                Data = shape.Data,
            },
            batch);
        batch.EndRecord(EventIdentity.Of(s_tenant, Source, id).Partition(partitions));
    }

    /// <summary>Events from a number on as JSONEachRow.</summary>
    public byte[] Rows(long first, int count)
    {
        using MemoryStream rows = new();
        using StreamWriter text = new(rows, new UTF8Encoding(false)) { NewLine = "\n" };
        for (long number = first; number < first + count; number++)
        {
            Shape shape = _shapes[number % _shapes.Length];
            text.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"tenant":"{{LoadOptions.Tenant}}","source":"catch-up","id":"{{number:D12}}","type":"request","subject":"{{Encoding.UTF8.GetString(shape.Subject)}}","time":"{{Time(number):yyyy-MM-dd HH:mm:ss.fffffff}}","data":{{Encoding.UTF8.GetString(shape.Data)}}}"""));
        }

        text.Flush();
        return rows.ToArray();
    }

    private DateTime Time(long number) => _start + (s_span / Count * number);

    private static Shape NewShape(Random random, PayloadHasher hasher)
    {
        byte[] subject = Encoding.UTF8.GetBytes(EventTemplate.Subject(random)), data = Encoding.UTF8.GetBytes(EventTemplate.Data(random));
        Utf8JsonReader reader = new(data);
        reader.Read();
        _ = hasher.TryHash(ref reader, out ulong hash);
        return new Shape(subject, data, PayloadHasher.Combine(Type, subject, hash));
    }

    private sealed record Shape(byte[] Subject, byte[] Data, ulong Hash);
}
