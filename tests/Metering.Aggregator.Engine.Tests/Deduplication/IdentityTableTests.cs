using Metering.Aggregator.Engine.Deduplication;
using Metering.Contracts;
using Xunit;

namespace Metering.Aggregator.Engine.Tests.Deduplication;

public class IdentityTableTests(ITestOutputHelper output)
{
    [Fact]
    public void It_holds_what_a_dictionary_holds()
    {
        Random random = new(20260301);
        IdentityTable table = new();
        Dictionary<EventIdentity, IdentityEntry> expected = [];
        List<EventIdentity> known = [];
        for (int i = 0; i < 200_000; i++)
        {
            EventIdentity identity = random.Next(4) == 0 && known.Count > 0 ? known[random.Next(known.Count)] : Next(random);
            IdentityEntry entry = new((ulong)random.NextInt64(), 1 + random.NextInt64(1L << 40));
            table.Set(identity, entry);
            expected[identity] = entry;
            known.Add(identity);
        }

        Assert.Equal(expected.Count, table.Count);
        Assert.All(expected, pair => Assert.True(table.TryFind(pair.Key, out IdentityEntry entry) && entry == pair.Value));
        Assert.All(Enumerable.Range(0, 10_000), _ => Assert.False(table.TryFind(Next(random), out IdentityEntry _)));
        Assert.Equal(expected.OrderBy(pair => pair.Key.ToString(), StringComparer.Ordinal).Select(pair => (pair.Key, pair.Value)), table.Sorted());

        output.WriteLine($"{(double)table.ByteSize / table.Count:F1} bytes an identity at {table.Count:N0}");
        Assert.InRange((double)table.ByteSize / table.Count, 32, 56);
    }

    /// <summary>Identities that want the same slot, also the last one: the probe wraps round.</summary>
    [Theory]
    [InlineData(0UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    public void Identities_that_want_one_slot_are_told_apart(ulong high)
    {
        IdentityTable table = new();
        for (ulong low = 0; low < 2000; low++)
        {
            table.Set(new EventIdentity(high, low), new IdentityEntry(low, 1));
        }

        for (ulong low = 0; low < 2000; low++)
        {
            Assert.True(table.TryFind(new EventIdentity(high, low), out IdentityEntry entry));
            Assert.Equal(low, entry.PayloadHash);
        }

        Assert.False(table.TryFind(new EventIdentity(high, 2000), out _));
        Assert.Equal(2000, table.Count);
    }

    [Fact]
    public void Cleared_it_holds_nothing()
    {
        IdentityTable table = new();
        table.Set(new EventIdentity(1, 1), new IdentityEntry(1, 1));
        table.Clear();
        Assert.False(table.TryFind(new EventIdentity(1, 1), out _));
        Assert.Empty(table.Sorted());
    }

    [Fact]
    public void Probing_and_adding_allocate_nothing_but_growth()
    {
        Random random = new(7);
        IdentityTable table = new();
        for (int i = 0; i < 100_000; i++)
        {
            table.Set(Next(random), new IdentityEntry(1, 1));
        }

        for (long full = table.ByteSize; table.ByteSize == full;)
        {
            table.Set(Next(random), new IdentityEntry(1, 1));
        }

        long justGrown = table.ByteSize;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            EventIdentity identity = Next(random);
            table.TryFind(identity, out _);
            table.Set(identity, new IdentityEntry(1, 1));
            table.TryFind(identity, out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(justGrown, table.ByteSize);
    }

    private static EventIdentity Next(Random random) => new((ulong)random.NextInt64() << 1 | (uint)random.Next(2), (ulong)random.NextInt64());
}
