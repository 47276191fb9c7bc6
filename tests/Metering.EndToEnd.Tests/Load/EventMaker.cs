using System.Globalization;

namespace Metering.EndToEnd.Tests.Load;

/// <param name="Path">Where it goes.</param>
/// <param name="Names">Of its records, see <see cref="SentRecords"/>.</param>
/// <param name="Events">Empty for voids and amendments.</param>
internal sealed record Batch(string Path, string Json, IReadOnlyList<string> Names, IReadOnlyList<MadeEvent> Events);

/// <param name="Time">With all its digits.</param>
internal sealed record MadeEvent(string Id, string Subject, string Time, string Data)
{
    public const string Type = "request";
}

/// <summary>Makes the batches of one sender: events, copies of events it sent before, voids, amendments, history. Repeatable by its seed.</summary>
/// <param name="mix">Null for the usual one.</param>
internal sealed class EventMaker(string source, int seed, EventMix? mix = null)
{
    private const int HistoryDays = 3;
    private static readonly string[] s_models = ["small", "large", "vision"];

    private readonly EventMix _mix = mix ?? new EventMix();
    private readonly Random _random = new(seed);
    private readonly List<MadeEvent> _made = [];
    private readonly HashSet<string> _corrected = [];
    private long _lastTicks;

    /// <inheritdoc cref="EventMix.Again"/>
    public bool SendsAgain => _mix.Again;

    public Batch Next(DateTimeOffset now) => _random.Next(100) switch
    {
        < 6 when _mix.Corrections && _made.Count > 50 => Voids(now),
        < 12 when _mix.Corrections && _made.Count > 50 => Amendments(now),
        < 14 when _mix.History => Events(5, now.AddDays(-40 - _random.Next(HistoryDays))),
        _ => Events(20 + _random.Next(60), now),
    };

    /// <summary>New events, and now and then copies of earlier ones, some with another time: still the same events.</summary>
    public Batch Events(int count, DateTimeOffset about)
    {
        List<MadeEvent> events = [];
        for (int i = 0; i < count; i++)
        {
            bool copy = _made.Count > 0 && _random.NextDouble() < _mix.Copies;
            events.Add(copy ? Copy(_made[_random.Next(_made.Count)]) : New(about));
        }

        IEnumerable<string> texts = events.Select(one =>
            $$$"""{"specversion":"1.0","id":"{{{one.Id}}}","source":"{{{source}}}","type":"{{{MadeEvent.Type}}}","subject":"{{{one.Subject}}}","time":"{{{one.Time}}}","data":{{{one.Data}}}}""");
        return new Batch("/v1/events", $"[{string.Join(',', _mix.Twice ? texts.Concat(texts) : texts)}]", [.. events.Select(one => $"use {source} {one.Id}").Distinct()], events);
    }

    private Batch Voids(DateTimeOffset now)
    {
        MadeEvent[] targets = Targets(3);
        return Corrections(now, "/v1/events/void", targets, one => $$"""{"source":"{{source}}","id":"{{one.Id}}","reason":"test"}""", one => $"void {source} {one.Id}");
    }

    private Batch Amendments(DateTimeOffset now)
    {
        MadeEvent[] targets = [.. Targets(3).Select(one => one with { Data = Data(), Time = Text(DateTimeOffset.Parse(one.Time, CultureInfo.InvariantCulture).AddMinutes(-5)) })];
        return Corrections(
            now,
            "/v1/events/amend",
            targets,
            one => $$$"""{"source":"{{{source}}}","id":"{{{one.Id}}}","reason":"test","event":{"type":"{{{MadeEvent.Type}}}","subject":"{{{one.Subject}}}","time":"{{{one.Time}}}","data":{{{one.Data}}}}}""",
            one => $"amend {source} {one.Id} {one.Data}");
    }

    private Batch Corrections(DateTimeOffset now, string path, MadeEvent[] targets, Func<MadeEvent, string> text, Func<MadeEvent, string> name) => targets.Length == 0
        ? Events(1, now)
        : new Batch(path, $"[{string.Join(',', targets.Select(text))}]", [.. targets.Select(name)], []);

    /// <summary>Each event is corrected at most once, so that what it comes to does not hang on the order of two requests.</summary>
    private MadeEvent[] Targets(int count) =>
        [.. Enumerable.Range(0, count).Select(_ => _made[_random.Next(_made.Count)]).Where(one => _corrected.Add(one.Id))];

    private MadeEvent New(DateTimeOffset about)
    {
        MadeEvent made = new($"{source}-{_made.Count}", $"customer-{_random.Next(5)}", Text(_random.NextDouble() < _mix.Late ? about - (_mix.LateBy * _random.NextDouble()) : about), Data());
        _made.Add(made);
        return made;
    }

    private MadeEvent Copy(MadeEvent original) => _random.Next(2) == 0
        ? original
        : original with { Time = Text(DateTimeOffset.Parse(original.Time, CultureInfo.InvariantCulture).AddMinutes(-1)) };

    private string Data()
    {
        string cost = (_random.Next(1, 1_000_000) / 1_000_000m).ToString(CultureInfo.InvariantCulture);
        return $$"""{"tokens":{{Number()}},"cost":{{cost}},"model":"{{s_models[_random.Next(s_models.Length)]}}","user":"user-{{_random.Next(200)}}","nonce":{{_random.Next()}}}""";
    }

    /// <summary>In the forms that JSON of many senders has: most plain, some a text, an exponent, or what binary floating point made of it.</summary>
    private string Number() => _random.Next(20) switch
    {
        0 => "1e3",
        1 => "0.30000000000000004",
        2 => "\"12.50\"",
        3 => "\"1E+3\"",
        _ => _random.Next(1, 5000).ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>No two events of a sender have the same time, so that LATEST has one answer.</summary>
    private string Text(DateTimeOffset time)
    {
        long salt = (++_lastTicks * 16) + (seed & 15);
        DateTimeOffset unique = new(time.Ticks - (time.Ticks % TimeSpan.TicksPerMinute) + (salt % TimeSpan.TicksPerMinute), TimeSpan.Zero);
        return unique.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);
    }
}
