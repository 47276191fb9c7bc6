using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Metering.V1;

namespace Metering.LoadGenerator;

/// <summary>
/// A batch made once. For each sending only the digits of the ids are written anew, so that every event is another one and the generator
/// costs next to nothing.
/// </summary>
internal sealed class EventTemplate
{
    private const int Digits = 12;
    private const int Subjects = 1000;

    /// <summary>Another one for each run, so that a second run against the same server sends other events, not conflicting ones.</summary>
    private static readonly string s_source = string.Create(CultureInfo.InvariantCulture, $"load-{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}");

    private static readonly string[] s_models = ["small", "medium", "large", "vision", "audio"];

    private readonly byte[] _bytes;
    private readonly int[] _ids;

    private EventTemplate(byte[] bytes, int count)
    {
        _bytes = bytes;
        _ids = new int[count];
        int from = 0;
        for (int i = 0; i < count; i++)
        {
            from += bytes.AsSpan(from).IndexOf(Encoding.UTF8.GetBytes(Placeholder(i)));
            _ids[i] = from;
        }
    }

    public int Count => _ids.Length;

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>A JSON array of CloudEvents.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Of their data.</param>
    /// <param name="time">Theirs; null leaves it to the server, which takes the time at which they come.</param>
    public static EventTemplate Json(int count, int seed, DateTimeOffset? time)
    {
        Random random = new(seed);
        string timed = time is { } given ? $"\"time\":\"{given.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)}\"," : "";
        IEnumerable<string> events = Enumerable.Range(0, count).Select(i =>
            $$$"""{"specversion":"1.0","id":"{{{Placeholder(i)}}}","source":"{{{s_source}}}","type":"request","subject":"{{{Subject(random)}}}",{{{timed}}}"data":{{{Data(random)}}}}""");
        return new EventTemplate(Encoding.UTF8.GetBytes($"[{string.Join(',', events)}]"), count);
    }

    /// <summary>The events of an IngestStreamRequest; its sequence is another field and goes before them.</summary>
    public static EventTemplate Protobuf(int count, int seed)
    {
        Random random = new(seed);
        IngestStreamRequest message = new();
        message.Events.AddRange(Enumerable.Range(0, count).Select(i => new UsageEvent
        {
            Id = Placeholder(i),
            Source = s_source,
            Type = "request",
            Subject = Subject(random),
            Time = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow),
            DataJson = ByteString.CopyFromUtf8(Data(random)),
        }));
        return new EventTemplate(message.ToByteArray(), count);
    }

    /// <summary>Gives the events the ids from a number on.</summary>
    public void Number(long first)
    {
        for (int i = 0; i < _ids.Length; i++)
        {
            Utf8Formatter.TryFormat(first + i, _bytes.AsSpan(_ids[i], Digits), out _, new System.Buffers.StandardFormat('D', Digits));
        }
    }

    public static string Subject(Random random) => string.Create(CultureInfo.InvariantCulture, $"customer-{random.Next(Subjects)}");

    public static string Data(Random random) =>
        $$"""{"tokens":{{random.Next(1, 5000)}},"model":"{{s_models[random.Next(s_models.Length)]}}","region":"eu-west-1","latency_ms":{{random.Next(20, 900)}}}""";

    private static string Placeholder(int index) => index.ToString("D12", CultureInfo.InvariantCulture);
}
