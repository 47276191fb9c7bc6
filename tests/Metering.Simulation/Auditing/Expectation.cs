using System.Globalization;
using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;

namespace Metering.Simulation.Auditing;

/// <summary>
/// What must come out of a set of records: the slow, independent answer. The first record of an identity is the event, a void takes it back, the
/// last amendment is its version. Shares no code with the engine.
/// </summary>
internal sealed class Expectation
{
    private readonly Dictionary<string, LogEvent> _originals = [];
    private readonly Dictionary<string, LogEvent> _amendments = [];
    private readonly HashSet<string> _voided = [];
    private readonly Dictionary<(RecordKind, string, string), LogEvent> _corrections = [];

    /// <param name="records">In offset order within each partition; all records of one identity are in one.</param>
    public Expectation(IEnumerable<LogEvent> records)
    {
        foreach (LogEvent record in records)
        {
            bool isNew = record.Kind == RecordKind.Use ? _originals.TryAdd(record.Id, record) : _corrections.TryAdd((record.Kind, record.Id, record.Key), record);
            if (isNew)
            {
                Accept(record);
            }
            else if (record.Kind == RecordKind.Use && !record.Repeats(_originals[record.Id]))
            {
                Conflicts++;
            }
            else
            {
                Duplicates++;
            }
        }
    }

    /// <summary>Where every accepted record is.</summary>
    public HashSet<(int, long)> Accepted { get; } = [];

    public int Conflicts { get; private set; }

    public int Duplicates { get; private set; }

    public bool Knows(RecordKind kind, string id) => kind == RecordKind.Use ? _originals.ContainsKey(id) : _corrections.Keys.Any(key => key.Item1 == kind && key.Item2 == id);

    /// <summary>The answer of each window of a meter: its value and how many events are in it.</summary>
    public Dictionary<string, string> Answers(MeterRevision meter)
    {
        IEnumerable<LogEvent> counted = _originals.Where(one => !_voided.Contains(one.Key)).Select(one => _amendments.GetValueOrDefault(one.Key, one.Value));
        return counted
            .GroupBy(one => WindowName(one.Subject, (int)((one.Ticks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMinute), meter.Definition.GroupBy.Count == 0 ? "" : one.Model))
            .ToDictionary(window => window.Key, window => Answer(ValueOf(meter.Definition.Aggregation, [.. window]), window.Count()));
    }

    public static string WindowName(string subject, int minute, string model) => string.Create(CultureInfo.InvariantCulture, $"{subject} {minute} {model}");

    public static string Answer(decimal value, long count) => string.Create(CultureInfo.InvariantCulture, $"{value / 1.000000000000m} of {count}");

    private void Accept(LogEvent record)
    {
        Accepted.Add((record.Partition, record.Offset));
        if (record.Kind == RecordKind.Void)
        {
            _voided.Add(record.Id);
        }
        else if (record.Kind == RecordKind.Amend)
        {
            _amendments[record.Id] = record;
        }
    }

    private static decimal ValueOf(Aggregation aggregation, LogEvent[] events) => aggregation switch
    {
        Aggregation.Sum => events.Sum(one => one.Value),
        Aggregation.Count => events.Length,
        Aggregation.Min => events.Min(one => one.Value),
        Aggregation.Max => events.Max(one => one.Value),
        Aggregation.Latest => events.MaxBy(one => one.Ticks)!.Value,
        Aggregation.UniqueCount => events.Select(one => one.Value).Distinct().Count(),
        _ => throw new InvalidOperationException($"Nobody meters {aggregation} in the simulation."),
    };
}
