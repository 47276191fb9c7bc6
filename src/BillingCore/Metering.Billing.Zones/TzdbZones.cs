using System.Collections.Concurrent;
using NodaTime;
using NodaTime.TimeZones;

namespace Metering.Billing.Zones;

/// <summary>
/// The zones of the IANA database that NodaTime carries inside its assembly, so that a boundary never depends on the machine. A new release comes with a
/// new version of the program; periods that are stored keep their instants.
/// </summary>
public sealed class TzdbZones : IZoneSource
{
    /// <summary>
    /// Every yearly rule of the database is in force 400 years before this; some zones list their changes one by one until 2087.
    /// </summary>
    private static readonly Instant s_horizon = Instant.FromUtc(2500, 1, 1, 0, 0);

    private readonly TzdbDateTimeZoneSource _source = TzdbDateTimeZoneSource.Default;
    private readonly HashSet<string> _ids = [.. TzdbDateTimeZoneSource.Default.GetIds()];
    private readonly ConcurrentDictionary<string, ZoneRules> _rules = new(StringComparer.Ordinal);

    private TzdbZones()
    {
    }

    public static TzdbZones Instance { get; } = new();

    public string TzdbVersion => _source.TzdbVersion;

    /// <summary>Names of zones and of links to them.</summary>
    public IReadOnlyCollection<string> Ids => _ids;

    public ZoneRules? Find(string id) => _ids.Contains(id) ? _rules.GetOrAdd(id, Materialise) : null;

    private ZoneRules Materialise(string id)
    {
        List<ZoneTransition> transitions = [];
        foreach (ZoneInterval interval in _source.ForId(id).GetZoneIntervals(Instant.MinValue, s_horizon + Duration.FromDays(7)))
        {
            TimeSpan offset = interval.WallOffset.ToTimeSpan();
            if (transitions.Count == 0 || transitions[^1].Offset != offset)
            {
                transitions.Add(new ZoneTransition(interval.HasStart ? interval.Start.ToDateTimeOffset() : DateTimeOffset.MinValue, offset));
            }
        }

        return ZoneRules.Create(id, TzdbVersion, transitions, s_horizon.ToDateTimeOffset());
    }
}
