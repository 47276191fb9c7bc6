using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Xunit;

namespace Metering.EventLog.Tests;

/// <summary>
/// What every implementation of the log must do. Nothing here knows how offsets are made, how many files there are or what a topic costs; every test
/// uses its own topic.
/// </summary>
public abstract class EventLogContract : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static int s_topics;

    private IEventLog? _log;

    protected IEventLog Log => _log ?? throw new InvalidOperationException("The log is closed.");

    /// <summary>Whether the log keeps its topics when it is closed and opened again within a test.</summary>
    protected virtual bool CanRestart => true;

    /// <summary>Whether <see cref="DeleteTopicAsync"/> works.</summary>
    protected virtual bool CanDelete => true;

    /// <summary>The largest value the log under test accepts.</summary>
    protected abstract int MaxRecordBytes { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Opens the log, on the same storage each time within a test.</summary>
    protected abstract Task<IEventLog> OpenLogAsync();

    /// <summary>Deletes a topic while the log is closed.</summary>
    protected virtual Task DeleteTopicAsync(string name) => throw new NotSupportedException();

    public virtual async ValueTask InitializeAsync() => _log = await OpenLogAsync();

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await CloseAsync();
    }

    [Fact]
    public async Task Records_of_a_partition_are_read_in_the_order_they_were_appended()
    {
        ITopic topic = await OpenTopicAsync(partitions: 3);
        using AppendBatch batch = new();
        for (int round = 0; round < 5; round++)
        {
            batch.Reset();
            for (int i = 0; i < 300; i++)
            {
                Add(batch, i % 3, Number((round * 300) + i));
            }

            await topic.AppendAsync(batch, Token);
        }

        List<Read> reads = await ReadAsync(topic, 1500, All(topic));
        for (int partition = 0; partition < 3; partition++)
        {
            List<Read> own = [.. reads.Where(r => r.Partition == partition)];
            Assert.Equal(Enumerable.Range(0, 1500).Where(i => i % 3 == partition), own.Select(r => Number(r.Value)));
            Assert.True(IsStrictlyIncreasing(own.Select(r => r.Offset)));
        }
    }

    [Fact]
    public async Task A_topic_that_must_exist_is_not_made()
    {
        TopicSpec spec = new(NewName(), 2) { MustExist = true };
        await Assert.ThrowsAsync<TopicMissingException>(() => Log.OpenAsync(spec, Token));
        await Assert.ThrowsAsync<TopicMissingException>(() => Log.OpenAsync(spec, Token));
        ITopic made = await OpenTopicAsync(partitions: 2);
        ITopic found = await Log.OpenAsync(new TopicSpec(made.Name, 2) { MustExist = true }, Token);
        Assert.Equal(made.Id, found.Id);
    }

    [Fact]
    public async Task Every_record_has_a_result_and_is_read_under_it()
    {
        ITopic topic = await OpenTopicAsync(partitions: 2);
        using AppendBatch batch = new();
        for (int i = 0; i < 100; i++)
        {
            Add(batch, i % 2, Number(i));
        }

        await topic.AppendAsync(batch, Token);
        List<Read> reads = await ReadAsync(topic, 100, All(topic));
        for (int i = 0; i < 100; i++)
        {
            AppendResult result = batch.Result(i);
            Assert.True(result.IsDurable);
            Read read = Assert.Single(reads, r => r.Partition == i % 2 && r.Offset == result.Offset);
            Assert.Equal(i, Number(read.Value));
            Assert.Equal(result.AppendTimeMs, read.AppendTimeMs);
        }
    }

    [Fact]
    public async Task Offsets_increase_across_batches_and_restarts()
    {
        string name = NewName();
        List<long> offsets = [];
        for (int run = 0; run < (CanRestart ? 4 : 1); run++)
        {
            ITopic topic = await Log.OpenAsync(new TopicSpec(name, 1), Token);
            for (int i = 0; i < 10; i++)
            {
                offsets.Add((await AppendAsync(topic, 0, Number(offsets.Count))).Offset);
            }

            if (CanRestart)
            {
                await RestartAsync();
            }
        }

        Assert.True(IsStrictlyIncreasing(offsets));
        Assert.True(offsets[0] > 0);
        ITopic last = await Log.OpenAsync(new TopicSpec(name, 1), Token);
        List<Read> reads = await ReadAsync(last, offsets.Count, All(last));
        Assert.Equal(offsets, reads.Select(r => r.Offset));
        Assert.Equal(Enumerable.Range(0, offsets.Count), reads.Select(r => Number(r.Value)));
    }

    [Fact]
    public async Task A_reader_starts_at_the_first_record_at_or_after_the_offset()
    {
        ITopic topic = await OpenTopicAsync(partitions: 2);
        List<long> offsets = [];
        for (int i = 0; i < 20; i++)
        {
            offsets.Add((await AppendAsync(topic, 0, Number(i))).Offset);
            await AppendAsync(topic, 1, Number(1000 + i));
        }

        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(offsets[i], (await ReadAsync(topic, 1, new PartitionOffset(0, offsets[i])))[0].Offset);
            if (i > 0)
            {
                Assert.Equal(offsets[i], (await ReadAsync(topic, 1, new PartitionOffset(0, offsets[i - 1] + 1)))[0].Offset);
            }
        }

        Assert.Equal(offsets[0], (await ReadAsync(topic, 1, new PartitionOffset(0, 0)))[0].Offset);
    }

    [Fact]
    public async Task Each_partition_of_a_reader_has_its_own_start()
    {
        ITopic topic = await OpenTopicAsync(partitions: 3);
        long[,] offsets = new long[3, 10];
        for (int i = 0; i < 10; i++)
        {
            for (int p = 0; p < 3; p++)
            {
                offsets[p, i] = (await AppendAsync(topic, p, Number(i))).Offset;
            }
        }

        List<Read> reads = await ReadAsync(topic, 10, new PartitionOffset(0, offsets[0, 7]), new PartitionOffset(2, offsets[2, 3]));
        Assert.Equal([7, 8, 9], reads.Where(r => r.Partition == 0).Select(r => Number(r.Value)));
        Assert.Equal([3, 4, 5, 6, 7, 8, 9], reads.Where(r => r.Partition == 2).Select(r => Number(r.Value)));
    }

    [Fact]
    public async Task A_reader_above_the_end_waits_for_new_records_there()
    {
        ITopic topic = await OpenTopicAsync(partitions: 1);
        await AppendAsync(topic, 0, Number(1));
        long high = (await topic.GetRangeAsync(0, Token)).High;
        await using ILogReader reader = await topic.OpenReaderAsync([new PartitionOffset(0, high)], Token);
        Assert.Empty(await reader.ReadAsync(10, 1000, TimeSpan.FromMilliseconds(50), Token));
        AppendResult appended = await AppendAsync(topic, 0, Number(2));
        LogRecord record = Assert.Single(await reader.ReadAsync(10, 1000, Patience, Token));
        Assert.Equal(appended.Offset, record.Offset);
    }

    [Fact]
    public async Task A_partition_without_records_has_an_empty_range()
    {
        ITopic topic = await OpenTopicAsync(partitions: 2);
        OffsetRange before = await topic.GetRangeAsync(1, Token);
        Assert.Equal(before.Low, before.High);
        await AppendAsync(topic, 0, Number(1));
        OffsetRange other = await topic.GetRangeAsync(1, Token);
        Assert.Equal(other.Low, other.High);
    }

    [Fact]
    public async Task The_range_holds_every_record_and_ends_above_the_last()
    {
        string name = NewName();
        ITopic topic = await Log.OpenAsync(new TopicSpec(name, 2), Token);
        long first = (await AppendAsync(topic, 1, Number(1))).Offset;
        long last = first;
        for (int i = 0; i < 10; i++)
        {
            last = (await AppendAsync(topic, 1, Number(i))).Offset;
            OffsetRange range = await topic.GetRangeAsync(1, Token);
            Assert.InRange(range.Low, 0, first);
            Assert.True(range.High > last);
        }

        OffsetRange end = await topic.GetRangeAsync(1, Token);
        Assert.True((await AppendAsync(topic, 1, Number(11))).Offset >= end.High);
        if (CanRestart)
        {
            OffsetRange before = await topic.GetRangeAsync(1, Token);
            await RestartAsync();
            topic = await Log.OpenAsync(new TopicSpec(name, 2), Token);
            Assert.Equal(before, await topic.GetRangeAsync(1, Token));
            OffsetRange empty = await topic.GetRangeAsync(0, Token);
            Assert.Equal(empty.Low, empty.High);
        }
    }

    [Fact]
    public async Task Many_producers_and_a_reader_agree()
    {
        const int Producers = 8, Batches = 40, PerBatch = 50;
        ITopic topic = await OpenTopicAsync(partitions: 4);
        Task<List<(int Partition, long Offset, string Value)>>[] producers =
            [.. Enumerable.Range(0, Producers).Select(p => Task.Run(() => ProduceAsync(topic, p, Batches, PerBatch)))];
        List<Read> reads = await ReadAsync(topic, Producers * Batches * PerBatch, All(topic));
        HashSet<(int, long, string)> appended = [.. (await Task.WhenAll(producers)).SelectMany(a => a)];
        Assert.Equal(Producers * Batches * PerBatch, appended.Count);
        Assert.Equal(appended, reads.Select(r => (r.Partition, r.Offset, Encoding.UTF8.GetString(r.Value))).ToHashSet());
        for (int partition = 0; partition < 4; partition++)
        {
            List<Read> own = [.. reads.Where(r => r.Partition == partition)];
            Assert.True(IsStrictlyIncreasing(own.Select(r => r.Offset)));
            for (int producer = 0; producer < Producers; producer++)
            {
                string prefix = $"{producer}:";
                Assert.True(IsStrictlyIncreasing(own.Select(r => Encoding.UTF8.GetString(r.Value)).Where(v => v.StartsWith(prefix, StringComparison.Ordinal))
                    .Select(v => long.Parse(v.AsSpan(prefix.Length), provider: null))));
            }
        }
    }

    [Fact]
    public async Task A_reader_sees_a_record_only_below_the_high_end_and_all_of_them()
    {
        ITopic topic = await OpenTopicAsync(partitions: 1);
        Task<List<(int Partition, long Offset, string Value)>> producing = Task.Run(() => ProduceAsync(topic, 0, 200, 5));
        await using ILogReader reader = await topic.OpenReaderAsync(All(topic), Token);
        int count = 0;
        Stopwatch clock = Stopwatch.StartNew();
        while (count < 1000 && clock.Elapsed < Patience)
        {
            IReadOnlyList<LogRecord> records = await reader.ReadAsync(100, 1 << 20, TimeSpan.FromSeconds(1), Token);
            long high = (await topic.GetRangeAsync(0, Token)).High;
            Assert.All(records, r => Assert.True(r.Offset < high));
            count += records.Count;
        }

        await producing;
        Assert.Equal(1000, count);
    }

    [Fact]
    public async Task A_large_batch_is_appended_whole()
    {
        const int Records = 20_000;
        ITopic topic = await OpenTopicAsync(partitions: 4);
        using AppendBatch batch = new();
        byte[] value = new byte[1000];
        for (int i = 0; i < Records; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(value, i);
            Add(batch, i % 4, value);
        }

        await topic.AppendAsync(batch, Token);
        for (int i = 0; i < Records; i++)
        {
            Assert.True(batch.Result(i).IsDurable, batch.Result(i).Failure);
        }

        List<Read> reads = await ReadAsync(topic, Records, All(topic));
        Assert.Equal(Enumerable.Range(0, Records), reads.Select(r => BinaryPrimitives.ReadInt32LittleEndian(r.Value)).Order());
    }

    [Fact]
    public async Task The_largest_record_is_taken_and_a_larger_one_refused_without_harm_to_the_others()
    {
        ITopic topic = await OpenTopicAsync(partitions: 1);
        byte[] largest = new byte[MaxRecordBytes];
        Random.Shared.NextBytes(largest);
        using AppendBatch batch = new();
        Add(batch, 0, "before"u8);
        Add(batch, 0, new byte[MaxRecordBytes + 1]);
        Add(batch, 0, largest);
        Add(batch, 0, "after"u8);
        await topic.AppendAsync(batch, Token);
        Assert.Equal([true, false, true, true], Enumerable.Range(0, 4).Select(i => batch.Result(i).IsDurable));
        Assert.Contains("bytes", batch.Result(1).Failure, StringComparison.Ordinal);
        List<Read> reads = await ReadAsync(topic, 3, All(topic));
        Assert.Equal("before"u8.ToArray(), reads[0].Value);
        Assert.Equal(largest, reads[1].Value);
        Assert.Equal("after"u8.ToArray(), reads[2].Value);
    }

    [Fact]
    public async Task A_value_of_length_zero_is_a_record()
    {
        ITopic topic = await OpenTopicAsync(partitions: 1);
        AppendResult empty = await AppendAsync(topic, 0, []);
        AppendResult next = await AppendAsync(topic, 0, "x"u8);
        List<Read> reads = await ReadAsync(topic, 2, All(topic));
        Assert.Equal([(empty.Offset, 0), (next.Offset, 1)], reads.Select(r => (r.Offset, r.Value.Length)));
    }

    [Fact]
    public async Task An_empty_batch_is_nothing()
    {
        ITopic topic = await OpenTopicAsync(partitions: 1);
        using AppendBatch batch = new();
        await topic.AppendAsync(batch, Token);
        OffsetRange range = await topic.GetRangeAsync(0, Token);
        Assert.Equal(range.Low, range.High);
    }

    [Fact]
    public async Task The_topic_keeps_its_id_over_a_restart()
    {
        Assert.SkipUnless(CanRestart, "This log cannot be restarted in a test.");
        string name = NewName();
        string id = (await Log.OpenAsync(new TopicSpec(name, 2), Token)).Id;
        Assert.NotEmpty(id);
        await RestartAsync();
        Assert.Equal(id, (await Log.OpenAsync(new TopicSpec(name, 2), Token)).Id);
    }

    [Fact]
    public async Task A_topic_made_again_has_another_id()
    {
        Assert.SkipUnless(CanRestart && CanDelete, "This log cannot delete a topic in a test.");
        string name = NewName();
        string id = (await Log.OpenAsync(new TopicSpec(name, 2), Token)).Id;
        await CloseAsync();
        await DeleteTopicAsync(name);
        _log = await OpenLogAsync();
        Assert.NotEqual(id, (await Log.OpenAsync(new TopicSpec(name, 2), Token)).Id);
    }

    [Fact]
    public async Task Two_topics_have_two_ids_and_their_own_records()
    {
        ITopic one = await OpenTopicAsync(partitions: 1);
        ITopic two = await OpenTopicAsync(partitions: 1);
        Assert.NotEqual(one.Id, two.Id);
        await AppendAsync(one, 0, "one"u8);
        await AppendAsync(two, 0, "two"u8);
        Assert.Equal("one"u8.ToArray(), (await ReadAsync(one, 1, All(one)))[0].Value);
        Assert.Equal("two"u8.ToArray(), (await ReadAsync(two, 1, All(two)))[0].Value);
    }

    [Fact]
    public async Task Another_partition_count_is_a_mismatch()
    {
        string name = NewName();
        ITopic topic = await Log.OpenAsync(new TopicSpec(name, 4), Token);
        Assert.Equal((name, 4), (topic.Name, topic.PartitionCount));
        await Assert.ThrowsAsync<TopicMismatchException>(() => Log.OpenAsync(new TopicSpec(name, 5), Token));
        if (CanRestart)
        {
            await RestartAsync();
            await Assert.ThrowsAsync<TopicMismatchException>(() => Log.OpenAsync(new TopicSpec(name, 5), Token));
        }
    }

    [Fact]
    public async Task A_topic_opened_twice_is_one_topic()
    {
        string name = NewName();
        ITopic one = await Log.OpenAsync(new TopicSpec(name, 1), Token);
        ITopic two = await Log.OpenAsync(new TopicSpec(name, 1), Token);
        await AppendAsync(one, 0, "x"u8);
        await one.DisposeAsync();
        Assert.Equal("x"u8.ToArray(), (await ReadAsync(two, 1, All(two)))[0].Value);
        Assert.True((await AppendAsync(two, 0, "y"u8)).IsDurable);
    }

    [Fact]
    public async Task A_cancelled_append_throws_and_leaves_the_batch_to_the_caller()
    {
        ITopic topic = await OpenTopicAsync(partitions: 1);
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();
        using AppendBatch batch = new();
        Add(batch, 0, "x"u8);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await topic.AppendAsync(batch, cancelled.Token));
        for (int i = 0; i < 100; i++)
        {
            using CancellationTokenSource racing = new();
            batch.Reset();
            Add(batch, 0, Number(i));
            ValueTask append = topic.AppendAsync(batch, racing.Token);
            await Task.WhenAll(racing.CancelAsync(), IgnoreCancellation(append));
            batch.Reset(); // ours again, whatever happened
        }

        Assert.True((await AppendAsync(topic, 0, "last"u8)).IsDurable);
    }

    [Fact]
    public async Task A_waiting_reader_is_woken_by_a_new_record()
    {
        ITopic topic = await OpenTopicAsync(partitions: 2);
        await AppendAsync(topic, 0, "warm"u8);
        await using ILogReader reader = await topic.OpenReaderAsync(All(topic), Token);
        Assert.Single(await reader.ReadAsync(10, 1000, Patience, Token));
        for (int i = 0; i < 10; i++)
        {
            Task<IReadOnlyList<LogRecord>> waiting = reader.ReadAsync(10, 1000, TimeSpan.FromMinutes(5), Token).AsTask();
            Assert.False(waiting.IsCompleted);
            AppendResult appended = await AppendAsync(topic, 1, Number(i));
            Assert.Equal(appended.Offset, Assert.Single(await waiting.WaitAsync(Patience, Token)).Offset);
        }
    }

    [Fact]
    public async Task A_reader_without_records_returns_after_the_wait_and_can_be_cancelled()
    {
        ITopic topic = await OpenTopicAsync(partitions: 1);
        await using ILogReader reader = await topic.OpenReaderAsync(All(topic), Token);
        Stopwatch clock = Stopwatch.StartNew();
        Assert.Empty(await reader.ReadAsync(10, 1000, TimeSpan.FromMilliseconds(100), Token));
        Assert.InRange(clock.ElapsedMilliseconds, 50, 10_000);
        using CancellationTokenSource cancel = new(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reader.ReadAsync(10, 1000, TimeSpan.FromMinutes(5), cancel.Token));
        await AppendAsync(topic, 0, "x"u8);
        Assert.Single(await reader.ReadAsync(10, 1000, Patience, Token));
    }

    [Fact]
    public async Task Two_readers_are_independent()
    {
        ITopic topic = await OpenTopicAsync(partitions: 1);
        for (int i = 0; i < 10; i++)
        {
            await AppendAsync(topic, 0, Number(i));
        }

        await using ILogReader one = await topic.OpenReaderAsync(All(topic), Token);
        await using ILogReader two = await topic.OpenReaderAsync(All(topic), Token);
        Assert.Equal([0, 1, 2], (await ReadAsync(one, 3)).Select(r => Number(r.Value)));
        Assert.Equal([0, 1, 2, 3, 4, 5], (await ReadAsync(two, 6)).Select(r => Number(r.Value)));
        Assert.Equal([3, 4, 5, 6, 7, 8, 9], (await ReadAsync(one, 7)).Select(r => Number(r.Value)));
        Assert.Equal([6, 7, 8, 9], (await ReadAsync(two, 4)).Select(r => Number(r.Value)));
    }

    [Fact]
    public async Task A_read_keeps_to_its_limits_but_gives_at_least_one_record()
    {
        ITopic topic = await OpenTopicAsync(partitions: 1);
        using AppendBatch batch = new();
        for (int i = 0; i < 10; i++)
        {
            Add(batch, 0, Enumerable.Repeat((byte)i, 100).ToArray());
        }

        await topic.AppendAsync(batch, Token);
        await using ILogReader reader = await topic.OpenReaderAsync(All(topic), Token);
        List<byte> seen = [];
        while (seen.Count < 10)
        {
            IReadOnlyList<LogRecord> records = await reader.ReadAsync(100, 250, Patience, Token);
            Assert.InRange(records.Count, 1, 2);
            Assert.All(records, r => Assert.True(r.Value.Span.IndexOfAnyExcept(r.Value.Span[0]) < 0));
            seen.AddRange(records.Select(r => r.Value.Span[0]));
        }

        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], seen);
        await using ILogReader small = await topic.OpenReaderAsync(All(topic), Token);
        Assert.Single(await small.ReadAsync(100, 1, Patience, Token));
        Assert.Single(await small.ReadAsync(1, 1 << 20, Patience, Token));
    }

    [Fact]
    public async Task The_memory_of_records_is_valid_until_the_next_read()
    {
        const int Records = 3000;
        ITopic topic = await OpenTopicAsync(partitions: 2);
        using AppendBatch batch = new();
        for (int i = 0; i < Records; i++)
        {
            Add(batch, i % 2, Enumerable.Repeat((byte)i, 1 + (i % 700)).ToArray());
        }

        await topic.AppendAsync(batch, Token);
        await using ILogReader reader = await topic.OpenReaderAsync(All(topic), Token);
        int count = 0;
        while (count < Records)
        {
            IReadOnlyList<LogRecord> records = await reader.ReadAsync(997, 200_000, Patience, Token);
            Assert.NotEmpty(records);
            Assert.True((await AppendAsync(topic, 0, new byte[5000])).IsDurable);
            foreach (LogRecord record in records.Where(r => r.Value.Length < 5000))
            {
                Assert.True(record.Value.Span.IndexOfAnyExcept(record.Value.Span[0]) < 0);
                count++;
            }
        }
    }

    [Fact]
    public async Task Append_times_are_those_of_the_append()
    {
        ITopic topic = await OpenTopicAsync(partitions: 2);
        long before = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        List<long> times = [];
        for (int i = 0; i < 20; i++)
        {
            times.Add((await AppendAsync(topic, i % 2, Number(i))).AppendTimeMs);
        }

        long after = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.All(times, t => Assert.InRange(t, before - 1000, after + 1000));
    }

    [Fact]
    public async Task Appended_records_survive_a_restart()
    {
        Assert.SkipUnless(CanRestart, "This log cannot be restarted in a test.");
        string name = NewName();
        ITopic topic = await Log.OpenAsync(new TopicSpec(name, 2), Token);
        List<(int, long, string)> appended = await ProduceAsync(topic, 0, 20, 100);
        await RestartAsync();
        topic = await Log.OpenAsync(new TopicSpec(name, 2), Token);
        List<Read> reads = await ReadAsync(topic, appended.Count, All(topic));
        Assert.Equal(appended.Order(), reads.Select(r => (r.Partition, r.Offset, Encoding.UTF8.GetString(r.Value))).Order());
    }

    [Fact]
    public async Task A_partition_that_is_not_there_is_the_callers_mistake()
    {
        ITopic topic = await OpenTopicAsync(partitions: 2);
        using AppendBatch batch = new();
        Add(batch, 2, "x"u8);
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await topic.AppendAsync(batch, Token));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await topic.GetRangeAsync(2, Token));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => topic.OpenReaderAsync([new PartitionOffset(2, 0)], Token));
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("Upper", 1)]
    [InlineData("a/b", 1)]
    [InlineData("..", 1)]
    [InlineData("ok", 0)]
    [InlineData("ok", 1025)]
    public Task A_spec_out_of_bounds_is_refused(string name, int partitions) =>
        Assert.ThrowsAnyAsync<ArgumentException>(() => Log.OpenAsync(new TopicSpec(name, partitions), Token));

    protected static string NewName() => $"contract.{Environment.ProcessId}.{Interlocked.Increment(ref s_topics)}";

    protected static void Add(AppendBatch batch, int partition, ReadOnlySpan<byte> value)
    {
        value.CopyTo(batch.GetSpan(value.Length));
        batch.Advance(value.Length);
        batch.EndRecord(partition);
    }

    protected async Task RestartAsync()
    {
        await CloseAsync();
        _log = await OpenLogAsync();
    }

    private static byte[] Number(int value) => BitConverter.GetBytes(value);

    private static int Number(byte[] value) => BitConverter.ToInt32(value);

    private static int Number(ReadOnlyMemory<byte> value) => BitConverter.ToInt32(value.Span);

    private static PartitionOffset[] All(ITopic topic) => [.. Enumerable.Range(0, topic.PartitionCount).Select(p => new PartitionOffset(p, 0))];

    private static bool IsStrictlyIncreasing(IEnumerable<long> values)
    {
        long previous = long.MinValue;
        foreach (long value in values)
        {
            if (value <= previous)
            {
                return false;
            }

            previous = value;
        }

        return true;
    }

    private static Task<AppendResult> AppendAsync(ITopic topic, int partition, ReadOnlySpan<byte> value)
    {
        AppendBatch batch = new();
        Add(batch, partition, value);
        return AppendOneAsync(topic, batch);
    }

    private static async Task<AppendResult> AppendOneAsync(ITopic topic, AppendBatch batch)
    {
        using (batch)
        {
            await topic.AppendAsync(batch, Token);
            Assert.True(batch.Result(0).IsDurable, batch.Result(0).Failure);
            return batch.Result(0);
        }
    }

    private static async Task<List<(int Partition, long Offset, string Value)>> ProduceAsync(ITopic topic, int producer, int batches, int perBatch)
    {
        List<(int, long, string)> appended = [];
        using AppendBatch batch = new();
        for (int b = 0; b < batches; b++)
        {
            batch.Reset();
            for (int i = 0; i < perBatch; i++)
            {
                Add(batch, i % topic.PartitionCount, Encoding.UTF8.GetBytes($"{producer}:{(b * perBatch) + i}"));
            }

            await topic.AppendAsync(batch, Token);
            for (int i = 0; i < perBatch; i++)
            {
                Assert.True(batch.Result(i).IsDurable, batch.Result(i).Failure);
                appended.Add((batch.Partition(i), batch.Result(i).Offset, Encoding.UTF8.GetString(batch.Value(i).Span)));
            }
        }

        return appended;
    }

    private static async Task<List<Read>> ReadAsync(ITopic topic, int count, params PartitionOffset[] from)
    {
        await using ILogReader reader = await topic.OpenReaderAsync(from, Token);
        return await ReadAsync(reader, count);
    }

    private static async Task<List<Read>> ReadAsync(ILogReader reader, int count)
    {
        List<Read> reads = [];
        Stopwatch clock = Stopwatch.StartNew();
        while (reads.Count < count)
        {
            Assert.True(clock.Elapsed < Patience, $"Read {reads.Count} of {count} records.");
            foreach (LogRecord r in await reader.ReadAsync(Math.Min(1000, count - reads.Count), 4 << 20, TimeSpan.FromSeconds(1), Token))
            {
                reads.Add(new Read(r.Partition, r.Offset, r.AppendTimeMs, r.Value.ToArray()));
            }
        }

        return reads;
    }

    private static async Task IgnoreCancellation(ValueTask append)
    {
        try
        {
            await append;
        }
        catch (OperationCanceledException)
        {
            // one of the two outcomes
        }
    }

    private async Task<ITopic> OpenTopicAsync(int partitions) => await Log.OpenAsync(new TopicSpec(NewName(), partitions), Token);

    private async Task CloseAsync()
    {
        if (_log is not null)
        {
            await _log.DisposeAsync();
            _log = null;
        }
    }

    private sealed record Read(int Partition, long Offset, long AppendTimeMs, byte[] Value);
}
