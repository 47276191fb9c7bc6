using System.Diagnostics;
using System.Globalization;
using Metering.EventLog.Embedded;
using Xunit;

namespace Metering.EventLog.Tests.Embedded;

/// <summary>Acknowledged means durable: a process is killed with SIGKILL again and again, and what it had acknowledged must be there.</summary>
public sealed class CrashTests : IDisposable
{
    private const int Rounds = 12;

    private readonly TempFolder _folder = new();
    private readonly Dictionary<(int Partition, long Offset), string> _acknowledged = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Everything_acknowledged_before_a_kill_is_read_in_order_after_it()
    {
        Random random = new(7);
        for (int round = 0; round < Rounds; round++)
        {
            await WriteAndKillAsync(round, TimeSpan.FromMilliseconds(random.Next(1, 300)));
            await CheckAsync();
        }

        Assert.NotEmpty(_acknowledged);
    }

    private async Task WriteAndKillAsync(int round, TimeSpan life)
    {
        using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
        {
            ArgumentList = { "crash-writer", _folder.Path, round.ToString(CultureInfo.InvariantCulture) },
            RedirectStandardOutput = true,
        })!;
        string? line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(line);
        Task kill = Task.Run(async () =>
        {
            await Task.Delay(life, TestContext.Current.CancellationToken);
            process.Kill();
        });
        for (; line is not null; line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))
        {
            Note(line);
        }

        await kill;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    private void Note(string line)
    {
        string[] fields = line.Split(' ');
        if (fields[^1] != "end")
        {
            return; // cut by the kill
        }

        int writer = int.Parse(fields[0], CultureInfo.InvariantCulture);
        int number = int.Parse(fields[1], CultureInfo.InvariantCulture);
        foreach (string field in fields[2..^1])
        {
            long offset = long.Parse(field, CultureInfo.InvariantCulture);
            Assert.True(offset > 0);
            _acknowledged.Add((number % LogUse.Topic.Partitions, offset), CrashWriter.Value(writer, number));
            number++;
        }
    }

    /// <summary>Looks at a copy, so that the next round recovers what the kill left.</summary>
    private async Task CheckAsync()
    {
        using TempFolder copy = new();
        LogUse.CopyFolder(_folder.Path, copy.Path);
        await using EmbeddedEventLog log = LogUse.Open(SmallLog.Options(copy.Path));
        List<Stored> stored = await (await log.OpenAsync(LogUse.Topic, CancellationToken.None)).ReadAllAsync();
        Dictionary<(int, long), string> there = stored.ToDictionary(s => (s.Partition, s.Offset), s => s.Value);
        foreach (((int, long) at, string value) in _acknowledged)
        {
            Assert.Equal(value, there.GetValueOrDefault(at));
        }

        foreach (IGrouping<(int, string), Stored> own in stored.GroupBy(s => (s.Partition, s.Value.Split(':')[0])))
        {
            List<int> numbers = [.. own.Select(s => int.Parse(s.Value.Split(':')[1], CultureInfo.InvariantCulture))];
            Assert.Equal(numbers.Distinct().Order(), numbers);
        }

        Assert.All(stored, s => Assert.Equal(CrashWriter.Value(int.Parse(s.Value.AsSpan(0, 1), provider: null), int.Parse(s.Value.Split(':')[1], provider: null)), s.Value));
    }
}
