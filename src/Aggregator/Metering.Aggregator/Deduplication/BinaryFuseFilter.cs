using System.Runtime.InteropServices;
using Metering.Contracts;

namespace Metering.Aggregator.Deduplication;

/// <summary>
/// A 3-wise binary fuse filter with 16-bit fingerprints (Graf and Lemire, "Binary Fuse Filters", 2022): 2.25 bytes an identity, answers
/// "surely not" or "probably" with one error in 65,536. It only saves look-ups; it never decides. Immutable once built.
/// </summary>
internal sealed class BinaryFuseFilter
{
    private const int Arity = 3;
    private const int MaxSegmentLength = 1 << 18;

    private readonly ushort[] _fingerprints;
    private readonly int _segmentLength;
    private readonly ulong _segmentCountLength;
    private readonly ulong _seed;

    private BinaryFuseFilter(ushort[] fingerprints, int segmentLength, ulong segmentCountLength, ulong seed)
    {
        _fingerprints = fingerprints;
        _segmentLength = segmentLength;
        _segmentCountLength = segmentCountLength;
        _seed = seed;
    }

    public long ByteSize => _fingerprints.Length * sizeof(ushort);

    /// <param name="identities">Distinct.</param>
    public static BinaryFuseFilter Build(ReadOnlySpan<EventIdentity> identities)
    {
        (int segmentLength, int segmentCount) = Shape(identities.Length);
        ulong countLength = (ulong)segmentCount * (ulong)segmentLength;
        int length = (segmentCount + Arity - 1) * segmentLength;
        for (ulong seed = 1; ; seed++)
        {
            BinaryFuseFilter filter = new(new ushort[length], segmentLength, countLength, seed);
            if (filter.TryFill(identities))
            {
                return filter;
            }
        }
    }

    public bool MayContain(in EventIdentity identity)
    {
        ulong hash = Hash(identity);
        Span<int> slots = stackalloc int[Arity];
        Slots(hash, slots);
        return (ushort)(Fingerprint(hash) ^ _fingerprints[slots[0]] ^ _fingerprints[slots[1]] ^ _fingerprints[slots[2]]) == 0;
    }

    /// <summary>Peels keys off slots that only one key has left, then assigns fingerprints in reverse. Fails for an unlucky seed.</summary>
    private bool TryFill(ReadOnlySpan<EventIdentity> identities)
    {
        byte[] keysAtSlot = new byte[_fingerprints.Length];
        ulong[] xorAtSlot = new ulong[_fingerprints.Length];
        Span<int> slots = stackalloc int[Arity];
        foreach (EventIdentity identity in identities)
        {
            ulong hash = Hash(identity);
            Slots(hash, slots);
            foreach (int slot in slots)
            {
                if (keysAtSlot[slot] == byte.MaxValue)
                {
                    return false;
                }

                keysAtSlot[slot]++;
                xorAtSlot[slot] ^= hash;
            }
        }

        List<(ulong Hash, int Slot)> peeled = Peel(keysAtSlot, xorAtSlot, identities.Length);
        if (peeled.Count != identities.Length)
        {
            return false;
        }

        foreach ((ulong hash, int slot) in CollectionsMarshal.AsSpan(peeled).ToArray().Reverse())
        {
            Slots(hash, slots);
            int others = 0;
            foreach (int other in slots)
            {
                others ^= other == slot ? 0 : _fingerprints[other];
            }

            _fingerprints[slot] = (ushort)(Fingerprint(hash) ^ others);
        }

        return true;
    }

    private List<(ulong Hash, int Slot)> Peel(byte[] keysAtSlot, ulong[] xorAtSlot, int count)
    {
        List<(ulong Hash, int Slot)> peeled = new(count);
        Stack<int> single = new(count);
        for (int slot = 0; slot < keysAtSlot.Length; slot++)
        {
            if (keysAtSlot[slot] == 1)
            {
                single.Push(slot);
            }
        }

        Span<int> slots = stackalloc int[Arity];
        while (single.TryPop(out int slot))
        {
            if (keysAtSlot[slot] != 1)
            {
                continue;
            }

            ulong hash = xorAtSlot[slot];
            peeled.Add((hash, slot));
            Slots(hash, slots);
            foreach (int other in slots)
            {
                xorAtSlot[other] ^= hash;
                if (--keysAtSlot[other] == 1)
                {
                    single.Push(other);
                }
            }
        }

        return peeled;
    }

    private void Slots(ulong hash, Span<int> slots)
    {
        int first = (int)Math.BigMul(hash, _segmentCountLength, out _);
        int mask = _segmentLength - 1;
        slots[0] = first;
        slots[1] = (first + _segmentLength) ^ ((int)(hash >> 18) & mask);
        slots[2] = (first + (2 * _segmentLength)) ^ ((int)hash & mask);
    }

    private ulong Hash(in EventIdentity identity)
    {
        ulong mixed = (identity.High ^ (_seed * 0x9E3779B97F4A7C15)) * 0xFF51AFD7ED558CCD;
        return (mixed ^ (mixed >> 33) ^ identity.Low) * 0xC4CEB9FE1A85EC53;
    }

    private static ushort Fingerprint(ulong hash) => (ushort)(hash ^ (hash >> 32));

    /// <summary>Segment length and count by the paper's empirical formulas for arity 3.</summary>
    private static (int SegmentLength, int SegmentCount) Shape(int size)
    {
        int atLeast = Math.Max(size, 2);
        int segmentLength = Math.Min(MaxSegmentLength, 1 << (int)Math.Floor((Math.Log(atLeast) / Math.Log(3.33)) + 2.25));
        double factor = Math.Max(1.125, 0.875 + (0.25 * Math.Log(1_000_000) / Math.Log(atLeast)));
        int capacity = (int)Math.Round(atLeast * factor);
        int segments = ((capacity + segmentLength - 1) / segmentLength) - (Arity - 1);
        return (segmentLength, Math.Max(1, segments));
    }
}
