using System.Text;
using System.Text.Json;
using Metering.Contracts;
using Metering.Simulation.Log;

namespace Metering.Simulation.Auditing;

/// <summary>The records of the log as plain objects, each decoded once.</summary>
internal sealed class LogReading(SimulatedLog log)
{
    private readonly List<LogEvent>[] _read = [.. Enumerable.Range(0, log.Partitions).Select(_ => new List<LogEvent>())];

    /// <summary>Records of a partition up to an offset, in order, without ticks.</summary>
    public IEnumerable<LogEvent> UpTo(int partition, long offset)
    {
        IReadOnlyList<SimulatedLog.Stored> stored = log.Durable(partition);
        for (int i = _read[partition].Count; i < stored.Count; i++)
        {
            _read[partition].Add(Decode(partition, stored[i]));
        }

        return _read[partition].TakeWhile(record => record.Offset <= offset).Where(record => record.Kind != RecordKind.Tick);
    }

    private static LogEvent Decode(int partition, SimulatedLog.Stored stored)
    {
        if (!UsageRecordCodec.TryRead(stored.Value, out UsageRecord record, out string? damage))
        {
            throw new InvalidDataException(damage);
        }

        string data = Encoding.UTF8.GetString(record.Data);
        using JsonDocument? json = data.Length == 0 ? null : JsonDocument.Parse(data);
        return new LogEvent(
            partition, stored.Offset, record.Kind, Encoding.UTF8.GetString(record.Id), Encoding.UTF8.GetString(record.Key), Encoding.UTF8.GetString(record.Subject), record.TimeTicks,
            json?.RootElement.GetProperty("value").GetDecimal() ?? 0, json?.RootElement.GetProperty("model").GetString() ?? "");
    }
}

/// <summary>One record of the log.</summary>
internal sealed record LogEvent(int Partition, long Offset, RecordKind Kind, string Id, string Key, string Subject, long Ticks, decimal Value, string Model)
{
    /// <summary>Whether it says the same of the event: its time does not count.</summary>
    public bool Repeats(LogEvent other) => (Subject, Value, Model) == (other.Subject, other.Value, other.Model);
}
