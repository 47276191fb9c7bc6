using System.Collections.Concurrent;

namespace Metering.EndToEnd.Tests.Load;

/// <summary>What was sent, and what of it was acknowledged. A record's name is (kind, source, id) and, for amendments, what it changes to.</summary>
internal sealed class SentRecords
{
    private readonly ConcurrentDictionary<string, bool> _acknowledged = new();

    public int Sent => _acknowledged.Count;

    public int Acknowledged => _acknowledged.Count(one => one.Value);

    public void Sending(IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            _acknowledged.TryAdd(name, false);
        }
    }

    public void Acknowledge(IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            _acknowledged[name] = true;
        }
    }

    /// <summary>Acknowledged and not among the stored ones: must be empty.</summary>
    public IEnumerable<string> Lost(IReadOnlySet<string> stored) => _acknowledged.Where(one => one.Value && !stored.Contains(one.Key)).Select(one => one.Key);

    /// <summary>Stored and never sent: must be empty.</summary>
    public IEnumerable<string> Invented(IEnumerable<string> stored) => stored.Where(name => !_acknowledged.ContainsKey(name));
}
