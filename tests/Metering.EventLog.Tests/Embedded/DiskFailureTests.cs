using System.Collections.Concurrent;
using System.Diagnostics;
using Metering.EventLog.Embedded;
using Xunit;

namespace Metering.EventLog.Tests.Embedded;

/// <summary>A disk that is full or fails: appends are refused with the reason, nothing acknowledged is lost, and the log works again afterwards.</summary>
public sealed class DiskFailureTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failed_write_or_sync_refuses_and_the_next_append_works(bool write)
    {
        TestDiskIo io = new();
        await using EmbeddedEventLog log = LogUse.Open(SmallLog.Options(_folder.Path), io);
        ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
        List<Stored> appended = [];
        for (int i = 0; i < 30; i++)
        {
            if (i % 3 == 2)
            {
                FailNext(io, write);
                AppendResult refused = await topic.AppendAsync(0, "refused");
                Assert.False(refused.IsDurable);
                Assert.Contains("injected", refused.Failure, StringComparison.Ordinal);
            }

            AppendResult result = await topic.AppendAsync(i % 4, $"{i}");
            Assert.True(result.IsDurable, result.Failure);
            appended.Add(new Stored(i % 4, result.Offset, result.AppendTimeMs, $"{i}"));
        }

        Assert.Equal(appended, await topic.ReadAllAsync());
    }

    [Fact]
    public async Task Failures_under_load_lose_nothing_and_readers_go_on()
    {
        TestDiskIo io = new();
        ConcurrentBag<Stored> appended = [];
        await using (EmbeddedEventLog log = LogUse.Open(SmallLog.Options(_folder.Path), io))
        {
            ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
            await using ILogReader reader = await topic.OpenReaderAsync(topic.FromStart(), CancellationToken.None);
            List<Stored> read = [];
            Task[] producers = [.. Enumerable.Range(0, 4).Select(p => Task.Run(() => ProduceAsync(topic, p, appended)))];
            Task all = Task.WhenAll(producers);
            Random random = new(3);
            while (!all.IsCompleted)
            {
                io.FailWriteAfter(random.Next(3, 40));
                io.FailFlushAfter(random.Next(3, 40));
                await Task.Delay(10, TestContext.Current.CancellationToken);
                await reader.ReadToEndAsync(read);
            }

            await all;
            await reader.ReadToEndAsync(read);
            Assert.Equal(appended.OrderBy(s => s.Offset), read);
        }

        await using EmbeddedEventLog again = LogUse.Open(SmallLog.Options(_folder.Path));
        Assert.Equal(appended.OrderBy(s => s.Offset), await (await again.OpenAsync(LogUse.Topic, CancellationToken.None)).ReadAllAsync());
    }

    [Fact]
    public async Task A_full_disk_refuses_and_the_log_works_again_when_there_is_space()
    {
        using SmallDisk disk = SmallDisk.Mount(_folder.Path, "1m");
        string filler = Path.Combine(_folder.Path, "filler");
        await File.WriteAllBytesAsync(filler, new byte[600 * 1024], TestContext.Current.CancellationToken);
        List<Stored> appended = [];
        string data = Path.Combine(_folder.Path, "log");
        await using (EmbeddedEventLog log = LogUse.Open(SmallLog.Options(data)))
        {
            ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
            string? failure = await AppendUntilRefusedAsync(topic, appended);
            Assert.Contains("space", failure, StringComparison.OrdinalIgnoreCase);
            Assert.Equal(appended, await topic.ReadAllAsync());

            File.Delete(filler);
            Assert.True(await LogUse.EventuallyAsync(async () => await TryAppendAsync(topic, 0, "there is space", appended)));
            Assert.Equal(appended, await topic.ReadAllAsync());
            await AppendUntilRefusedAsync(topic, appended);
        }

        await using EmbeddedEventLog again = LogUse.Open(SmallLog.Options(data));
        List<Stored> stored = await (await again.OpenAsync(LogUse.Topic, CancellationToken.None)).ReadAllAsync();
        Assert.Equal(appended, stored.Take(appended.Count));
        Assert.InRange(stored.Count - appended.Count, 0, 1); // the refused one may be there
    }

    [Fact]
    public async Task A_batch_larger_than_a_group_is_refused_from_where_the_disk_failed()
    {
        TestDiskIo io = new();
        await using EmbeddedEventLog log = LogUse.Open(SmallLog.Options(_folder.Path), io);
        ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
        using AppendBatch batch = new();
        for (int i = 0; i < 1000; i++)
        {
            batch.Add(0, new string('x', 200));
        }

        io.FailFlushAfter(3);
        await topic.AppendAsync(batch, CancellationToken.None);
        int durable = Enumerable.Range(0, 1000).TakeWhile(i => batch.Result(i).IsDurable).Count();
        Assert.InRange(durable, 1, 999);
        Assert.All(Enumerable.Range(durable, 1000 - durable), i => Assert.NotNull(batch.Result(i).Failure));
        Assert.Equal(Enumerable.Range(0, durable).Select(i => batch.Result(i).Offset), (await topic.ReadAllAsync()).Select(s => s.Offset));
    }

    private static void FailNext(TestDiskIo io, bool write)
    {
        if (write)
        {
            io.FailWriteAfter(0);
        }
        else
        {
            io.FailFlushAfter(0);
        }
    }

    private static async Task ProduceAsync(ITopic topic, int producer, ConcurrentBag<Stored> appended)
    {
        using AppendBatch batch = new();
        for (int b = 0; b < 150; b++)
        {
            batch.Reset();
            for (int i = 0; i < 20; i++)
            {
                batch.Add(i % 4, $"{producer}:{b}:{i}:{new string('x', (b * i) % 300)}");
            }

            await topic.AppendAsync(batch, CancellationToken.None);
            for (int i = 0; i < 20; i++)
            {
                AppendResult result = batch.Result(i);
                if (result.IsDurable)
                {
                    appended.Add(new Stored(i % 4, result.Offset, result.AppendTimeMs, $"{producer}:{b}:{i}:{new string('x', (b * i) % 300)}"));
                }
            }
        }
    }

    private static async Task<string?> AppendUntilRefusedAsync(ITopic topic, List<Stored> appended)
    {
        for (int i = 0; i < 100_000; i++)
        {
            string value = $"{i} {new string('x', 500)}";
            AppendResult result = await topic.AppendAsync(i % 4, value);
            if (!result.IsDurable)
            {
                return result.Failure;
            }

            appended.Add(new Stored(i % 4, result.Offset, result.AppendTimeMs, value));
        }

        return null;
    }

    private static async Task<bool> TryAppendAsync(ITopic topic, int partition, string value, List<Stored> appended)
    {
        AppendResult result = await topic.AppendAsync(partition, value);
        if (result.IsDurable)
        {
            appended.Add(new Stored(partition, result.Offset, result.AppendTimeMs, value));
        }

        return result.IsDurable;
    }

    /// <summary>A tmpfs of limited size. Needs the right to mount; without it the test is skipped, except in CI, where it must run.</summary>
    private sealed class SmallDisk : IDisposable
    {
        private readonly string _path;

        private SmallDisk(string path) => _path = path;

        public static SmallDisk Mount(string path, string size)
        {
            bool mounted = OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", path);
            if (!mounted && Environment.GetEnvironmentVariable("CI") == "true")
            {
                Assert.Fail("A tmpfs cannot be mounted here, and in CI this test must run.");
            }

            Assert.SkipUnless(mounted, "A tmpfs cannot be mounted here (needs root on Linux).");
            return new SmallDisk(path);
        }

        public void Dispose() => Run("umount", "-l", _path);

        private static bool Run(string command, params string[] arguments)
        {
            try
            {
                using Process process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
                process.WaitForExit();
                return process.ExitCode == 0;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }
    }
}
