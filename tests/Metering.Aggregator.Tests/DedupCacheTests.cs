using Metering.Aggregator.Deduplication;
using Metering.Aggregator.Engine.Deduplication;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Tests.Harness;
using Metering.Contracts;
using Xunit;

namespace Metering.Aggregator.Tests;

/// <summary>The cache of identities may be whole, damaged, deleted or from another time: a duplicate is a duplicate in every case.</summary>
public sealed class DedupCacheTests(Engines engines)
{
    private const int Events = 6000;

    [Theory]
    [InlineData("kept")]
    [InlineData("deleted")]
    [InlineData("damaged")]
    [InlineData("first file deleted")]
    public async Task After_a_restart_every_event_is_still_known(string cache)
    {
        Place place = await engines.NewPlaceAsync();
        Sent[] events = [.. Enumerable.Range(0, Events).Select(i => Sent.Use($"e{i}", i))];
        await using (Pipeline first = await Pipeline.StartAsync(place, configure: Small))
        {
            await MeterSetup.CreateAsync(first.Postgres, "total", Aggregation.Sum);
            foreach (Sent[] chunk in events.Chunk(500))
            {
                await first.AppendAsync(chunk);
                await first.SettleAsync();
            }
        }

        string[] files = [.. Directory.GetFiles(Path.Combine(place.Folder, Pipeline.Owner, "dedup")).Order()];
        Assert.True(files.Length >= 4, "the test must have written several segment files");
        Spoil(cache, files);

        await using Pipeline second = await Pipeline.StartAsync(place, configure: Small);
        foreach (Sent[] chunk in events.Chunk(1000))
        {
            await second.AppendAsync(chunk);
        }

        await second.SettleAsync();
        Assert.Equal($"{Events}", (await second.RowsAsync("SELECT count() FROM usage_events")).Single());
        Auditing.AuditReport audit = await second.AuditAsync();
        Assert.Empty(audit.Findings);
        Assert.Equal(Events, audit.Duplicates);
    }

    [Fact]
    public void A_segment_file_finds_what_it_holds_and_nothing_else()
    {
        string path = Path.Combine(Path.GetTempPath(), $"segment-{Environment.ProcessId}.ids");
        IdentityTable table = new();
        EventIdentity xor = default;
        for (int i = 0; i < 50_000; i++)
        {
            EventIdentity identity = Identity(i);
            xor ^= identity;
            table.Set(identity, new IdentityEntry((ulong)i, i + 1));
        }

        SegmentStamp stamp = new(3, 1, 9, 1234, 50_000, xor);
        using (IdentitySegmentFile written = IdentitySegmentFile.Write(path, stamp, table.Sorted()))
        using (IdentitySegmentFile? read = IdentitySegmentFile.TryOpen(path))
        {
            Assert.Equal(stamp, read!.Stamp);
            Assert.Equal(50_000, read.NewestAtMs);
            for (int i = 0; i < 50_000; i++)
            {
                Assert.True(written.TryFind(Identity(i), out IdentityEntry entry) && entry == new IdentityEntry((ulong)i, i + 1));
                Assert.True(read.TryFind(Identity(i), out entry) && entry == new IdentityEntry((ulong)i, i + 1));
                Assert.False(read.TryFind(Identity(-i - 1), out _));
            }

            Assert.InRange(read.FilterBytes / 50_000.0, 2.0, 2.5);
        }

        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Null(IdentitySegmentFile.TryOpen(path));
        File.Delete(path);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(100_000)]
    public void A_filter_never_denies_what_it_holds_and_seldom_claims_what_it_does_not(int count)
    {
        EventIdentity[] identities = [.. Enumerable.Range(0, count).Select(Identity)];
        BinaryFuseFilter filter = BinaryFuseFilter.Build(identities);
        Assert.All(identities, identity => Assert.True(filter.MayContain(identity)));
        int wrong = Enumerable.Range(0, 200_000).Count(i => filter.MayContain(Identity(-i - 1)));
        Assert.InRange(wrong, 0, 30);
    }

    private static EventIdentity Identity(int i) => EventIdentity.Of("t"u8, "s"u8, BitConverter.GetBytes(i));

    private static void Small(AggregatorOptions options) => options.ActiveIdentities = 1000;

    private static void Spoil(string how, string[] files)
    {
        switch (how)
        {
            case "deleted":
                Directory.Delete(Path.GetDirectoryName(files[0])!, recursive: true);
                break;
            case "damaged":
                byte[] bytes = File.ReadAllBytes(files[1]);
                bytes[200] ^= 0x10;
                File.WriteAllBytes(files[1], bytes);
                break;
            case "first file deleted":
                File.Delete(files[0]);
                break;
        }
    }
}
