using System.Text;
using Metering.Aggregator.Engine.Meters;
using Metering.Billing;
using Metering.Billing.Catalog;
using Metering.Billing.Rating;
using Metering.Contracts;

namespace Metering.BillingCore.Metered;

/// <summary>Events of one customer or scope as they are read: counted ones that pass the filter, by cell.</summary>
/// <param name="dimensions">That tell cells apart; empty for one quantity.</param>
internal sealed class EventCollector(MeterRevision meter, IReadOnlyList<string> dimensions, UsageSource source)
{
    private readonly EventReader _reader = new(meter);
    private readonly List<string> _dimensions = [.. meter.Definition.GroupBy.Keys];
    private Dictionary<CellKey, List<UsageEvent>> _cells = [];
    private int _read;

    public void Add(long ticks, string id, string data)
    {
        _read++;
        DateTimeOffset at = DateTimeOffset.UnixEpoch.AddTicks(ticks);
        if (!_reader.TryRead(Encoding.UTF8.GetBytes(data), at.UtcTicks, out Quantity value, out string[] values) || !Passes(values))
        {
            return;
        }

        CellKey key = new(dimensions.Select(dimension => KeyValuePair.Create(dimension, values[_dimensions.IndexOf(dimension)])));
        if (!_cells.TryGetValue(key, out List<UsageEvent>? events))
        {
            _cells.Add(key, events = []);
        }

        events.Add(new UsageEvent(Fraction.OfUnits(value.Unscaled, Quantity.Scale), at, id, Currency: null));
    }

    /// <summary>What was added since the last time.</summary>
    public (int Read, Usage Usage) Take()
    {
        (int read, Dictionary<CellKey, List<UsageEvent>> cells) = (_read, _cells);
        (_read, _cells) = (0, []);
        Usage usage = dimensions.Count > 0 ? Usage.OfCells([.. cells.Select(cell => new CellUsage(cell.Key, Usage.OfEvents(cell.Value)))])
            : cells.Count > 0 ? Usage.OfEvents(cells.Values.Single())
            : Usage.None;
        return (read, usage);
    }

    private bool Passes(string[] values) => source.Filter.All(one => one.Value.Contains(values[_dimensions.IndexOf(one.Key)]));
}
