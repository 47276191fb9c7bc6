using Metering.Contracts;

namespace Metering.Aggregator.Engine.Deduplication;

/// <summary>Identities that are no longer in the table: an immutable set on disk.</summary>
public interface IIdentitySegment
{
    /// <summary>Highest append time of any entry: the whole segment may go when that is older than the horizon.</summary>
    long NewestAtMs { get; }

    bool TryFind(in EventIdentity identity, out IdentityEntry entry);
}

/// <summary>
/// What one partition has accepted, back to the horizon. A record is a duplicate exactly when its identity was accepted at a smaller offset:
/// the state only ever holds offsets up to <see cref="Position"/>, and a record at or below it is refused, so no look-up can see its own
/// record or a later one. After a lost partition the state is thrown away and rebuilt from the raw table.
/// </summary>
public sealed class Deduplicator
{
    private readonly IdentityTable _active = new();
    private readonly List<IIdentitySegment> _segments = [];
    private readonly Dictionary<EventIdentity, long> _awaited = [];

    /// <summary>Every accepted record up to this offset is in the state, and none above.</summary>
    public long Position { get; private set; }

    /// <summary>
    /// Whether nothing accepted was ever left out for its age. While it is so, even an event older than the horizon needs no look-up in the
    /// raw table.
    /// </summary>
    public bool IsComplete { get; private set; } = true;

    public int ActiveCount => _active.Count;

    public long ActiveBytes => _active.ByteSize;

    public IReadOnlyList<IIdentitySegment> Segments => _segments;

    public bool TryFind(in EventIdentity identity, out IdentityEntry entry)
    {
        if (_active.TryFind(identity, out entry))
        {
            return true;
        }

        for (int i = _segments.Count - 1; i >= 0; i--)
        {
            if (_segments[i].TryFind(identity, out entry))
            {
                return true;
            }
        }

        return false;
    }

    public void Add(in EventIdentity identity, ulong payloadHash, long atMs) => _active.Set(identity, new IdentityEntry(payloadHash, atMs));

    /// <summary>Remembers that a void or amendment of an event came before the event.</summary>
    public void Await(in EventIdentity target, long atMs) => _awaited[target] = atMs;

    public bool HasAwaited => _awaited.Count > 0;

    /// <summary>
    /// Whether a void or amendment of this event came before it, appended at the given time or later; the event's history must then be read
    /// before it is processed. Exact by append time, so the answer does not hang on when <see cref="Expire"/> is called.
    /// </summary>
    public bool IsAwaited(in EventIdentity target, long sinceMs) => _awaited.TryGetValue(target, out long atMs) && atMs >= sinceMs;

    /// <summary>Called for each record in offset order.</summary>
    public void Advance(long offset)
    {
        Invariant.Check(offset > Position, "a record at or below the deduplication state's position");
        Position = offset;
    }

    /// <summary>Says that identities older than the horizon were left out.</summary>
    public void MarkIncomplete() => IsComplete = false;

    /// <summary>Starts from a state that another process or an earlier one left behind.</summary>
    public void Restore(long position)
    {
        Invariant.Check(position >= Position, "a deduplication state restored backwards");
        Position = position;
    }

    public void AddSegment(IIdentitySegment segment) => _segments.Add(segment);

    /// <summary>The table's entries, ordered, for a new segment that replaces them once <see cref="ReplaceActive"/> is called.</summary>
    public (EventIdentity Identity, IdentityEntry Entry)[] ActiveSorted() => _active.Sorted();

    public void ReplaceActive(IIdentitySegment segment)
    {
        _segments.Add(segment);
        _active.Clear();
    }

    /// <summary>Forgets segments, and awaited targets, whose newest entry was appended before the given time.</summary>
    public IReadOnlyList<IIdentitySegment> Expire(long beforeMs)
    {
        IIdentitySegment[] expired = [.. _segments.Where(segment => segment.NewestAtMs < beforeMs)];
        _segments.RemoveAll(segment => segment.NewestAtMs < beforeMs);
        IsComplete &= expired.Length == 0;
        foreach ((EventIdentity target, long atMs) in _awaited)
        {
            if (atMs < beforeMs)
            {
                _awaited.Remove(target);
                IsComplete = false;
            }
        }

        return expired;
    }
}
