using Metering.EventLog.Embedded;
using Xunit;

namespace Metering.EventLog.Tests.Embedded;

public sealed class RetentionTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TempFolder _folder = new();
    private readonly ManualTime _time = new(Start);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task By_size_keeps_at_least_the_limit_and_at_most_a_segment_more()
    {
        const int Limit = 3 * SmallLog.SegmentBytes;
        await using EmbeddedEventLog log = Open();
        ITopic topic = await log.OpenAsync(LogUse.Topic with { RetentionBytes = Limit }, CancellationToken.None);
        List<Stored> appended = await AppendAsync(topic, 600, TimeSpan.Zero);
        await Core(topic).ApplyRetentionAsync();

        List<Stored> kept = await topic.ReadAllAsync();
        Assert.Equal(appended[^kept.Count..], kept);
        Assert.InRange(Core(topic).DurableEnd - Core(topic).Begin, Limit, Limit + SmallLog.SegmentBytes);
        await FilesAreBelowAsync(Limit + (3 * SmallLog.SegmentBytes));
    }

    [Fact]
    public async Task By_age_never_deletes_a_younger_record()
    {
        await using EmbeddedEventLog log = Open();
        ITopic topic = await log.OpenAsync(LogUse.Topic with { Retention = TimeSpan.FromHours(1) }, CancellationToken.None);
        List<Stored> appended = await AppendAsync(topic, 600, TimeSpan.FromMinutes(1));
        await Core(topic).ApplyRetentionAsync();

        List<Stored> kept = await topic.ReadAllAsync();
        long limit = (_time.GetUtcNow() - TimeSpan.FromHours(1)).ToUnixTimeMilliseconds();
        Assert.Equal(appended[^kept.Count..], kept);
        Assert.InRange(kept.Count, appended.Count(s => s.AppendTimeMs >= limit), 599);
    }

    [Fact]
    public async Task Without_limits_nothing_is_deleted()
    {
        await using EmbeddedEventLog log = Open();
        ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
        List<Stored> appended = await AppendAsync(topic, 300, TimeSpan.FromDays(30));
        await Core(topic).ApplyRetentionAsync();
        Assert.Equal(appended, await topic.ReadAllAsync());
    }

    [Fact]
    public async Task A_reader_below_the_retained_range_is_told_and_one_above_goes_on()
    {
        await using EmbeddedEventLog log = Open();
        ITopic topic = await log.OpenAsync(LogUse.Topic with { RetentionBytes = SmallLog.SegmentBytes }, CancellationToken.None);
        List<Stored> appended = await AppendAsync(topic, 600, TimeSpan.Zero);
        await using ILogReader behind = await topic.OpenReaderAsync(topic.FromStart(), CancellationToken.None);
        Assert.Single(await behind.ReadAsync(1, 1000, TimeSpan.Zero, CancellationToken.None));
        await using ILogReader ahead = await topic.OpenReaderAsync([new PartitionOffset(0, appended[^1].Offset + 1)], CancellationToken.None);

        await Core(topic).ApplyRetentionAsync();
        await Assert.ThrowsAsync<OffsetOutOfRangeException>(async () => await behind.ReadToEndAsync());
        await Assert.ThrowsAsync<OffsetOutOfRangeException>(() => topic.OpenReaderAsync([new PartitionOffset(0, appended[0].Offset)], CancellationToken.None));
        await topic.AppendAsync(0, "new");
        Assert.Equal("new", Assert.Single(await ahead.ReadToEndAsync()).Value);
    }

    [Fact]
    public async Task Survives_a_restart_and_an_emptied_partition_is_empty()
    {
        TopicSpec spec = LogUse.Topic with { RetentionBytes = SmallLog.SegmentBytes };
        List<Stored> kept;
        await using (EmbeddedEventLog log = Open())
        {
            ITopic topic = await log.OpenAsync(spec, CancellationToken.None);
            await topic.AppendAsync(3, "the only one in its partition");
            for (int i = 0; i < 600; i++)
            {
                await topic.AppendAsync(i % 3, new string('x', 400));
            }

            await Core(topic).ApplyRetentionAsync();
            kept = await topic.ReadAllAsync();
        }

        await using EmbeddedEventLog again = Open();
        ITopic reopened = await again.OpenAsync(spec, CancellationToken.None);
        Assert.Equal(kept, await reopened.ReadAllAsync());
        OffsetRange empty = await reopened.GetRangeAsync(3, CancellationToken.None);
        Assert.Equal(empty.Low, empty.High);
        OffsetRange range = await reopened.GetRangeAsync(0, CancellationToken.None);
        Assert.InRange(range.Low, 1, kept.First(s => s.Partition == 0).Offset);
        Assert.Equal(kept.Last(s => s.Partition == 0).Offset + 1, range.High);
    }

    [Fact]
    public async Task Runs_by_itself_beside_appends_and_readers()
    {
        EmbeddedEventLogOptions small = SmallLog.Options(_folder.Path);
        EmbeddedEventLogOptions options = new()
        {
            DataDirectory = small.DataDirectory,
            PageBytes = small.PageBytes,
            BufferBytes = small.BufferBytes,
            CommitBytes = small.CommitBytes,
            SegmentBytes = small.SegmentBytes,
            MaxRecordBytes = small.MaxRecordBytes,
            RecoveryPointBytes = small.RecoveryPointBytes,
            RetentionInterval = TimeSpan.FromMilliseconds(5),
        };
        await using EmbeddedEventLog log = LogUse.Open(options);
        ITopic topic = await log.OpenAsync(LogUse.Topic with { RetentionBytes = 4 * SmallLog.SegmentBytes }, CancellationToken.None);
        await using ILogReader reader = await topic.OpenReaderAsync(topic.FromStart(), CancellationToken.None);
        List<Stored> read = [];
        for (int i = 0; i < 1000; i++)
        {
            Assert.True((await topic.AppendAsync(i % 4, $"{i} {new string('x', 400)}")).IsDurable);
            await reader.ReadToEndAsync(read);
        }

        Assert.Equal(Enumerable.Range(0, 1000), read.Select(s => int.Parse(s.Value.Split(' ')[0], provider: null)));
        Assert.True(await LogUse.EventuallyAsync(() => Task.FromResult(Core(topic).Begin > SmallLog.SegmentBytes)));
    }

    private static EmbeddedTopic Core(ITopic topic) => ((TopicLease)topic).Topic;

    private EmbeddedEventLog Open() => LogUse.Open(SmallLog.Options(_folder.Path), time: _time);

    private async Task<List<Stored>> AppendAsync(ITopic topic, int count, TimeSpan step)
    {
        List<Stored> appended = [];
        for (int i = 0; i < count; i++)
        {
            string value = $"{i} {new string('x', 400)}";
            AppendResult result = await topic.AppendAsync(i % 4, value);
            appended.Add(new Stored(i % 4, result.Offset, result.AppendTimeMs, value));
            _time.Advance(step);
        }

        return appended;
    }

    private async Task FilesAreBelowAsync(long bytes)
    {
        string folder = Path.Combine(_folder.Path, "topics", LogUse.Topic.Name);
        Assert.True(await LogUse.EventuallyAsync(() =>
            Task.FromResult(SegmentFiles.List(folder).Count * (long)SmallLog.SegmentBytes < bytes))); // files go away while we look
    }
}
