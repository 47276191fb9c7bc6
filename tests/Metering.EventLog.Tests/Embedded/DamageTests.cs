using Metering.EventLog.Embedded;
using Xunit;

namespace Metering.EventLog.Tests.Embedded;

/// <summary>Damaged files: what is served is always a beginning of what was appended, and what is missing from it is never missing in silence.</summary>
public sealed class DamageTests : IDisposable
{
    private const int Records = 120;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private enum Damage
    {
        Flip,
        Zero,
        ZeroRestOfPage,
    }

    [Fact]
    public async Task A_torn_end_is_cut()
    {
        List<Stored> appended = await AppendAsync(_folder.Path, close: false, crashImage: true);
        string last = LastSegment(_folder.Path);
        long length = new FileInfo(last).Length;
        for (long cut = 1; cut < Math.Min(length, 6000); cut += 97)
        {
            using TempFolder copy = new();
            LogUse.CopyFolder(_folder.Path, copy.Path);
            using (FileStream file = File.OpenWrite(LastSegment(copy.Path)))
            {
                file.SetLength(length - cut);
            }

            await using EmbeddedEventLog log = LogUse.Open(SmallLog.Options(copy.Path));
            ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
            List<Stored> stored = await topic.ReadAllAsync();
            AssertBeginning(appended, stored);
            AppendResult next = await topic.AppendAsync(0, "next");
            Assert.Equal("next", (await topic.ReadAllAsync())[^1].Value);
            Assert.True(next.Offset > (stored.Count == 0 ? 0 : stored[^1].Offset));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Damage_to_durable_records_is_an_error_and_never_a_gap(bool closedCleanly)
    {
        List<Stored> appended = await AppendAsync(_folder.Path, closedCleanly, crashImage: !closedCleanly);
        Random random = new(11);
        int errors = 0;
        for (int i = 0; i < 150; i++)
        {
            using TempFolder copy = new();
            LogUse.CopyFolder(_folder.Path, copy.Path);
            long at = DoDamage(copy.Path, (Damage)(i % 3), random);
            (List<Stored> stored, bool error) = await ReadDamagedAsync(copy.Path);
            AssertBeginning(appended, stored);
            // Without a recovery point nothing proves that the last group was durable, or all groups when the damage takes every one after it.
            bool takesTheEnd = (Damage)(i % 3) == Damage.ZeroRestOfPage && at / SmallLog.PageBytes == appended[^1].Offset / SmallLog.PageBytes;
            bool mayBeTorn = !closedCleanly && (takesTheEnd || at >= appended[^2].Offset - 100);
            Assert.True(error || stored.Count == Records || mayBeTorn, $"{Records - stored.Count} records vanished with damage {(Damage)(i % 3)} at {at}.");
            bool foundByReading = closedCleanly && at / SmallLog.PageBytes != appended[^1].Offset / SmallLog.PageBytes;
            Assert.True(!foundByReading || stored.Count >= appended.Count(s => s.Offset < at - 800), $"Intact records before {at} were not served.");
            errors += error ? 1 : 0;
        }

        Assert.InRange(errors, 75, 150);
    }

    [Fact]
    public async Task A_missing_or_shortened_segment_is_an_error()
    {
        await AppendAsync(_folder.Path, close: true, crashImage: false);
        string segment = SegmentFiles.PathOf(TopicFolder(_folder.Path), 0);
        File.Move(segment, segment + ".away");
        await using (EmbeddedEventLog log = LogUse.Open(SmallLog.Options(_folder.Path)))
        {
            await Assert.ThrowsAsync<EventLogCorruptException>(() => log.OpenAsync(LogUse.Topic, CancellationToken.None));
        }

        File.Move(segment + ".away", segment);
        using (FileStream file = File.OpenWrite(LastSegment(_folder.Path)))
        {
            file.SetLength(file.Length - 1000);
        }

        await using (EmbeddedEventLog log = LogUse.Open(SmallLog.Options(_folder.Path)))
        {
            await Assert.ThrowsAsync<EventLogCorruptException>(() => log.OpenAsync(LogUse.Topic, CancellationToken.None));
        }
    }

    [Fact]
    public async Task A_damaged_meta_file_is_an_error()
    {
        await AppendAsync(_folder.Path, close: true, crashImage: false);
        string meta = Path.Combine(TopicFolder(_folder.Path), "topic.meta");
        byte[] bytes = await File.ReadAllBytesAsync(meta, TestContext.Current.CancellationToken);
        bytes[^3] ^= 1;
        await File.WriteAllBytesAsync(meta, bytes, TestContext.Current.CancellationToken);
        await using EmbeddedEventLog log = LogUse.Open(SmallLog.Options(_folder.Path));
        EventLogUnavailableException e =
            await Assert.ThrowsAsync<EventLogUnavailableException>(() => log.OpenAsync(LogUse.Topic, CancellationToken.None));
        Assert.Contains(meta, e.Message, StringComparison.Ordinal);
    }

    private static string TopicFolder(string folder) => Path.Combine(folder, "topics", LogUse.Topic.Name);

    private static string LastSegment(string folder) => SegmentFiles.PathOf(TopicFolder(folder), SegmentFiles.List(TopicFolder(folder))[^1]);

    /// <summary>Writes one record per commit. A crash image is the folder as it is while the log is open, without the recovery point of a clean close.</summary>
    private static async Task<List<Stored>> AppendAsync(string folder, bool close, bool crashImage)
    {
        using TempFolder live = new();
        List<Stored> appended = [];
        EmbeddedEventLog log = LogUse.Open(SmallLog.Options(live.Path));
        try
        {
            ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
            for (int i = 0; i < Records; i++)
            {
                string value = $"{i} {new string((char)('a' + (i % 26)), (i * 53) % 700)}";
                AppendResult result = await topic.AppendAsync(i % 4, value);
                appended.Add(new Stored(i % 4, result.Offset, result.AppendTimeMs, value));
            }

            if (crashImage)
            {
                LogUse.CopyFolder(live.Path, folder);
            }
        }
        finally
        {
            await log.DisposeAsync();
        }

        if (close)
        {
            LogUse.CopyFolder(live.Path, folder);
        }

        return appended;
    }

    private static long DoDamage(string folder, Damage damage, Random random)
    {
        List<int> segments = SegmentFiles.List(TopicFolder(folder));
        int segment = segments[random.Next(segments.Count)];
        using FileStream file = new(SegmentFiles.PathOf(TopicFolder(folder), segment), FileMode.Open, FileAccess.ReadWrite);
        int at = random.Next(segment == 0 ? 64 : 0, (int)file.Length - 4) & ~3;
        byte[] bytes = new byte[damage == Damage.ZeroRestOfPage ? Math.Min(SmallLog.PageBytes - (at % SmallLog.PageBytes), (int)file.Length - at) : 4];
        if (damage == Damage.Flip)
        {
            file.Position = at;
            file.ReadExactly(bytes);
            bytes[random.Next(4)] ^= (byte)(1 << random.Next(8));
        }

        file.Position = at;
        file.Write(bytes);
        return (segment * (long)SmallLog.SegmentBytes) + at;
    }

    private static async Task<(List<Stored> Stored, bool Error)> ReadDamagedAsync(string folder)
    {
        List<Stored> stored = [];
        await using EmbeddedEventLog log = LogUse.Open(SmallLog.Options(folder));
        try
        {
            ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
            await using ILogReader reader = await topic.OpenReaderAsync(topic.FromStart(), CancellationToken.None);
            await reader.ReadToEndAsync(stored);
            return (stored, false);
        }
        catch (EventLogCorruptException)
        {
            return (stored, true);
        }
    }

    private static void AssertBeginning(List<Stored> appended, List<Stored> stored) => Assert.Equal(appended.Take(stored.Count), stored);
}
