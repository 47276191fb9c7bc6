namespace Metering.Billing.Zones;

/// <summary>
/// The rules of one time zone, as an input with a version: pure code never reads the files of its host. Both conversions are total and, because one
/// definition covers every case, never go backwards:
/// <list type="bullet">
/// <item>a local time is the first instant at which the zone's clock shows it or a later time. So a missing local time (a skipped hour, a skipped day)
/// is the first valid instant, and an ambiguous one the earlier;</item>
/// <item>a local date begins at that instant for its midnight, and lasts until the next date begins.</item>
/// </list>
/// Transitions are materialised up to a horizon. The Gregorian calendar repeats after 400 years to the weekday, and so does every yearly rule, so
/// what comes after the horizon is read 400 years earlier.
/// </summary>
public sealed class ZoneRules
{
    private const long CycleTicks = 146_097 * TimeSpan.TicksPerDay;

    private readonly long[] _starts;
    private readonly long[] _offsets;

    /// <summary>The latest local time shown before the end of each span, which a later span may not reach again.</summary>
    private readonly long[] _reached;
    private readonly long _horizon;

    private ZoneRules(string id, string tzdbVersion, IReadOnlyList<ZoneTransition> transitions, DateTimeOffset horizon)
    {
        Id = id;
        TzdbVersion = tzdbVersion;
        _horizon = horizon.UtcTicks;
        _starts = [long.MinValue, .. transitions.Skip(1).Select(transition => transition.At.UtcTicks)];
        _offsets = [.. transitions.Select(transition => transition.Offset.Ticks)];
        _reached = new long[_starts.Length];
        for (int span = 0; span < _starts.Length; span++)
        {
            long end = span + 1 < _starts.Length ? _starts[span + 1] + _offsets[span] : long.MaxValue;
            _reached[span] = span == 0 ? end : Math.Max(_reached[span - 1], end);
        }
    }

    /// <summary>The same in every release.</summary>
    public static ZoneRules Utc { get; } = Create("UTC", "", [new ZoneTransition(DateTimeOffset.MinValue, TimeSpan.Zero)], DateTimeOffset.UnixEpoch);

    /// <summary>The IANA name.</summary>
    public string Id { get; }

    /// <summary>The release of the IANA database, such as 2026a.</summary>
    public string TzdbVersion { get; }

    public ZoneName Name => new(Id, TzdbVersion);

    /// <summary>What it was made of, in order. The first stands for all time before the second.</summary>
    public IEnumerable<ZoneTransition> Transitions =>
        _starts.Zip(_offsets, (start, offset) => new ZoneTransition(start == long.MinValue ? DateTimeOffset.MinValue : new DateTimeOffset(start, TimeSpan.Zero), new TimeSpan(offset)));

    /// <summary>The transitions are complete up to it.</summary>
    public DateTimeOffset Horizon => new(_horizon, TimeSpan.Zero);

    /// <summary>Whether both clocks show the same at every instant.</summary>
    public bool IsSameClock(ZoneRules other) => _horizon == other._horizon && _starts.AsSpan().SequenceEqual(other._starts) && _offsets.AsSpan().SequenceEqual(other._offsets);

    /// <param name="transitions">In order. The first stands for all time before the second.</param>
    /// <param name="horizon">The transitions are complete up to some days past it, and the last 400 years before it follow today's yearly rules.</param>
    /// <exception cref="ArgumentException">No transition, or not in order.</exception>
    public static ZoneRules Create(string id, string tzdbVersion, IReadOnlyList<ZoneTransition> transitions, DateTimeOffset horizon)
    {
        if (transitions.Count == 0)
        {
            throw new ArgumentException("A zone has at least one offset.", nameof(transitions));
        }

        for (int next = 1; next < transitions.Count; next++)
        {
            if (transitions[next].At <= transitions[next - 1].At)
            {
                throw new ArgumentException($"Transitions of {id} are not in order at {transitions[next].At:O}.", nameof(transitions));
            }
        }

        return new ZoneRules(id, tzdbVersion, transitions, horizon);
    }

    /// <summary>What the zone's clock shows.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the years 1 to 9999.</exception>
    public DateTime ToLocal(DateTimeOffset instant)
    {
        long folded = Fold(instant.UtcTicks);
        return Local(instant.UtcTicks + _offsets[SpanAt(folded)]);
    }

    /// <summary>The first instant at which the zone's clock shows this time or a later one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the years 1 to 9999.</exception>
    public DateTimeOffset ToInstant(DateTime local)
    {
        long folded = Fold(local.Ticks);
        int span = FirstAbove(_reached, folded);
        long ticks = Math.Max(_starts[span], folded - _offsets[span]) + (local.Ticks - folded);
        return new DateTimeOffset(Local(ticks), TimeSpan.Zero);
    }

    /// <summary>The first instant of a date, or of the next date there is when the zone skipped it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the years 1 to 9999.</exception>
    public DateTimeOffset StartOf(DateOnly date) => ToInstant(date.ToDateTime(TimeOnly.MinValue));

    /// <summary>The latest date that has begun. A clock that is set back over midnight does not bring the old date back.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the years 1 to 9999.</exception>
    public DateOnly DateOf(DateTimeOffset instant)
    {
        long folded = Fold(instant.UtcTicks);
        int span = SpanAt(folded);
        long local = folded + _offsets[span];
        long shown = span == 0 ? local : Math.Max(local, _reached[span - 1] - 1);
        return DateOnly.FromDateTime(Local(shown + (instant.UtcTicks - folded)));
    }

    private long Fold(long ticks) => ticks < _horizon ? ticks : ticks - ((((ticks - _horizon) / CycleTicks) + 1) * CycleTicks);

    private int SpanAt(long ticks) => Math.Max(0, FirstAbove(_starts, ticks) - 1);

    private static int FirstAbove(long[] ordered, long value)
    {
        int low = 0;
        int high = ordered.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = ordered[middle] > value ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    private static DateTime Local(long ticks) => ticks >= 0 && ticks <= DateTime.MaxValue.Ticks
        ? new DateTime(ticks)
        : throw new ArgumentOutOfRangeException(nameof(ticks), "The time is outside the years 1 to 9999.");
}
