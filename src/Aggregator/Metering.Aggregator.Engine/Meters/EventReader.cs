using System.Text;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Meters;

/// <summary>
/// Reads what one revision takes from single events, by the code that counts them: prices of single events must see the values that the windows sum up.
/// Not safe for concurrent use.
/// </summary>
public sealed class EventReader
{
    private readonly JsonPathSet _paths = new();
    private readonly CompiledMeter _meter;
    private readonly JsonSlot[] _slots;
    private byte[] _scratch = [];

    public EventReader(MeterRevision revision)
    {
        _meter = new CompiledMeter(revision, _paths);
        _slots = new JsonSlot[_paths.Count];
    }

    /// <param name="data">Of an event of the revision's type.</param>
    /// <param name="timeTicks">Of the event.</param>
    /// <param name="value">Zero for COUNT.</param>
    /// <param name="dimensions">In the order of their names; empty where the event has no such value.</param>
    /// <returns>False when the meter does not count the event.</returns>
    public bool TryRead(ReadOnlySpan<byte> data, long timeTicks, out Quantity value, out string[] dimensions)
    {
        if (_scratch.Length < data.Length)
        {
            _scratch = new byte[data.Length * 2];
        }

        _paths.Extract(data, _slots);
        bool isCounted = _meter.TryRead(data, _slots, timeTicks, default, _scratch, out Reading reading) is ReadingStatus.Usable or ReadingStatus.Rounded;
        value = reading.Value;
        dimensions = isCounted ? ReadDimensions(data) : [];
        return isCounted;
    }

    private string[] ReadDimensions(ReadOnlySpan<byte> data)
    {
        string[] values = new string[_meter.GroupSlots.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Encoding.UTF8.GetString(CompiledMeter.ReadGroup(data, _slots[_meter.GroupSlots[i]], _scratch));
        }

        return values;
    }
}
