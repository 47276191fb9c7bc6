using Metering.Contracts;

namespace Metering.Aggregator.Engine.Deduplication;

/// <param name="PayloadHash">Of the accepted record: tells a copy from a conflict.</param>
/// <param name="AtMs">Its append time, milliseconds since 1970 UTC; above zero.</param>
public readonly record struct IdentityEntry(ulong PayloadHash, long AtMs);

/// <summary>
/// Identities in memory: open addressing with linear probing over 32-byte slots, at most three quarters full, growing by a quarter, so
/// 43 to 54 bytes an identity. The identity is already a uniform hash, so its high word picks the slot.
/// </summary>
public sealed class IdentityTable
{
    private const int SmallestCapacity = 1024;

    private Slot[] _slots = new Slot[SmallestCapacity];

    public int Count { get; private set; }

    public long ByteSize => (long)_slots.Length * Slot.Size;

    public bool TryFind(in EventIdentity identity, out IdentityEntry entry)
    {
        ref Slot slot = ref Locate(_slots, identity);
        entry = new IdentityEntry(slot.PayloadHash, slot.AtMs);
        return slot.AtMs != 0;
    }

    /// <summary>Adds, or replaces what an identity that was forgotten for its age had.</summary>
    public void Set(in EventIdentity identity, in IdentityEntry entry)
    {
        if ((Count + 1L) * 4 > _slots.Length * 3L)
        {
            Grow();
        }

        ref Slot slot = ref Locate(_slots, identity);
        Count += slot.AtMs == 0 ? 1 : 0;
        slot = new Slot { Identity = identity, PayloadHash = entry.PayloadHash, AtMs = entry.AtMs };
    }

    /// <summary>All entries, ordered by identity.</summary>
    public (EventIdentity Identity, IdentityEntry Entry)[] Sorted()
    {
        (EventIdentity Identity, IdentityEntry Entry)[] all = new (EventIdentity, IdentityEntry)[Count];
        int next = 0;
        foreach (ref Slot slot in _slots.AsSpan())
        {
            if (slot.AtMs != 0)
            {
                all[next++] = (slot.Identity, new IdentityEntry(slot.PayloadHash, slot.AtMs));
            }
        }

        Array.Sort(all, static (left, right) =>
            left.Identity.High != right.Identity.High ? left.Identity.High.CompareTo(right.Identity.High) : left.Identity.Low.CompareTo(right.Identity.Low));
        return all;
    }

    /// <summary>Keeps its memory: a table that was full once will be full again, and growing there anew leaves five times its size to collect.</summary>
    public void Clear()
    {
        Array.Clear(_slots);
        Count = 0;
    }

    private void Grow()
    {
        Slot[] larger = new Slot[checked(_slots.Length + (_slots.Length / 4))];
        foreach (ref Slot slot in _slots.AsSpan())
        {
            if (slot.AtMs != 0)
            {
                Locate(larger, slot.Identity) = slot;
            }
        }

        _slots = larger;
    }

    /// <summary>The identity's slot, or the empty one where it belongs.</summary>
    private static ref Slot Locate(Slot[] slots, in EventIdentity identity)
    {
        int at = (int)Math.BigMul(identity.High, (ulong)slots.Length, out _);
        while (slots[at].AtMs != 0 && slots[at].Identity != identity)
        {
            at = at + 1 == slots.Length ? 0 : at + 1;
        }

        return ref slots[at];
    }

    private struct Slot
    {
        public const int Size = 32;

        public EventIdentity Identity;
        public ulong PayloadHash;
        public long AtMs;
    }
}
