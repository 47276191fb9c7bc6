using Metering.Contracts;

namespace Metering.Aggregator.Tests.Harness;

/// <summary>
/// A seeded stream of events, repetitions, conflicts, voids and amendments, and an account of what must come out, kept without any code of the
/// engine.
/// </summary>
public sealed class Workload(int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<Sent> _originals = [];
    private readonly Dictionary<string, Sent> _effective = [];
    private readonly HashSet<string> _voided = [];
    private int _next;

    public int Duplicates { get; private set; }

    public int Conflicts { get; private set; }

    /// <summary>Every event that must count, in its last version.</summary>
    public IReadOnlyCollection<Sent> Counted() => _effective.Values;

    public IReadOnlyList<Sent> Next(int count)
    {
        List<Sent> batch = [];
        for (int i = 0; i < count; i++)
        {
            batch.Add(One());
        }

        return batch;
    }

    private Sent One()
    {
        int kind = _originals.Count < 5 ? 0 : _random.Next(100);
        return kind switch
        {
            < 70 => New(),
            < 80 => Repeat(),
            < 84 => Conflict(),
            < 92 => Void(),
            _ => Amend(),
        };
    }

    private Sent New()
    {
        DateTimeOffset time = DateTimeOffset.UtcNow.AddMilliseconds(-_random.Next(0, 180_000));
        Sent sent = Sent.Use($"e{_next++}", _random.Next(-500, 100_000) / 100m, $"customer-{_random.Next(4)}", $"model-{_random.Next(3)}", time);
        _originals.Add(sent);
        _effective.Add(sent.Id, sent);
        return sent;
    }

    private Sent Repeat()
    {
        Duplicates++;
        return Any() with { Time = DateTimeOffset.UtcNow };
    }

    private Sent Conflict()
    {
        Conflicts++;
        return Any() with { Subject = "somebody-else" };
    }

    private Sent Void()
    {
        Sent target = Any();
        if (!_voided.Add(target.Id))
        {
            Duplicates++;
        }

        _effective.Remove(target.Id);
        return Sent.Void(target.Id);
    }

    private Sent Amend()
    {
        Sent amended = Any().AmendedTo(_random.Next(0, 100_000) / 100m, key: $"k{_next++}");
        if (_effective.ContainsKey(amended.Id))
        {
            _effective[amended.Id] = amended;
        }

        return amended;
    }

    private Sent Any() => _originals[_random.Next(_originals.Count)];
}
