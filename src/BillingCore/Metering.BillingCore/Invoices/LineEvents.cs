using System.Text;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.Engine.Meters;
using Metering.Billing;
using Metering.Billing.Rating;
using Metering.BillingCore.Metered;
using Metering.Contracts;
using Metering.Storage.ClickHouse;

namespace Metering.BillingCore.Invoices;

/// <summary>An event that a line counted.</summary>
/// <param name="Value">What the meter reads of it; null when it counts events or different values, not amounts.</param>
/// <param name="Dimensions">By the meter's names for them.</param>
internal sealed record LineEvent(EventPosition Position, string Subject, Fraction? Value, IReadOnlyList<KeyValuePair<string, string>> Dimensions)
{
    public DateTimeOffset Time => DateTimeOffset.UnixEpoch.AddTicks(Position.Ticks);
}

/// <summary>A page of the events that a line counted, and what all of them come to.</summary>
/// <param name="Counted">By the sealed windows, which are kept for ever.</param>
/// <param name="Events">How many the windows counted.</param>
/// <param name="Stored">How many of them are still stored; null after the first page, and when they are more than are read one by one.</param>
/// <param name="HasMore">Whether a page follows.</param>
internal sealed record LineEvents(Usage Counted, long Events, long? Stored, IReadOnlyList<LineEvent> Page, bool HasMore)
{
    public bool Agrees(LineUsage line) => (Counted.IsNone ? Fraction.Zero : Counted.Quantity) == (line.Frozen.Usage.IsNone ? Fraction.Zero : line.Frozen.Usage.Quantity);

    /// <param name="maxEvents">Stored events are counted up to so many.</param>
    public static async Task<LineEvents> ReadAsync(
        ClickHouseDatabase database, string tenant, LineUsage line, EventPosition? after, int size, int maxEvents, CancellationToken cancellationToken)
    {
        if (line.Ranges.Count == 0)
        {
            return new LineEvents(Usage.None, 0, 0, [], HasMore: false);
        }

        (Usage counted, long events) = await new ScopeReader(database, tenant, line.Seal, maxEvents).TotalAsync(line.Meter, line.Need, line.Ranges, cancellationToken);
        bool isFirst = after is null;
        LineEventReader read = new(line);
        List<LineEvent> page = [];
        long stored = 0;
        int rows = 0;
        SqlValues sql = new();
        string text = ScopeEvents.Text(tenant, line.Seal, line.Meter, line.Ranges, after, maxEvents + 1L, sql);
        await using ClickHouseDataReader reader = await database.QueryAsync(text, sql.Parameters, cancellationToken);
        while ((isFirst || stored <= size) && await reader.ReadAsync(cancellationToken))
        {
            rows++;
            if (read.Read(reader) is { } one)
            {
                stored++;
                if (page.Count < size)
                {
                    page.Add(one);
                }
            }
        }

        return new LineEvents(counted, events, isFirst && rows <= maxEvents ? stored : null, page, stored > size);
    }

    /// <summary>Reads stored events by the code that counted them.</summary>
    private sealed class LineEventReader(LineUsage line)
    {
        private readonly EventReader _reader = new(line.Meter);
        private readonly List<string> _dimensions = [.. line.Meter.Definition.GroupBy.Keys];
        private readonly bool _hasValue = line.Meter.Definition.Aggregation is not (Aggregation.Count or Aggregation.UniqueCount);

        /// <summary>Null when the line did not count it.</summary>
        public LineEvent? Read(ClickHouseDataReader row)
        {
            EventPosition position = new(row.GetInt64(1), row.GetString(2), row.GetString(3));
            DateTimeOffset at = DateTimeOffset.UnixEpoch.AddTicks(position.Ticks);
            if (!_reader.TryRead(Encoding.UTF8.GetBytes(row.GetString(4)), at.UtcTicks, out Quantity value, out string[] values)
                || !line.Source.Filter.All(one => one.Value.Contains(values[_dimensions.IndexOf(one.Key)])))
            {
                return null;
            }

            return new LineEvent(
                position, row.GetString(5), _hasValue ? Fraction.OfUnits(value.Unscaled, Quantity.Scale) : null, [.. _dimensions.Zip(values, KeyValuePair.Create)]);
        }
    }
}
