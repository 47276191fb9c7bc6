using System.Globalization;
using Metering.Aggregator.Auditing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Tests.Harness;
using Xunit;

namespace Metering.Aggregator.Tests;

/// <summary>
/// Goal: whatever step of a flush, a seal or a back-fill is cut off, before or after it took effect, the windows equal the events. Method: the
/// n-th request of each life is where the process dies, for n = 1, 2, 3 …, under steady load with duplicates, voids and amendments.
/// </summary>
public sealed class CrashTests(Engines engines)
{
    /// <summary>A life begins with some thirty requests of checking and loading; enough must be left that every step of a flush is met.</summary>
    private const int Lives = 75;

    [Theory]
    [InlineData(Moment.Before)]
    [InlineData(Moment.After)]
    public async Task Dying_at_every_step_loses_and_doubles_nothing(Moment moment)
    {
        Place place = await engines.NewPlaceAsync();
        Workload load = new(seed: 7);
        HashSet<string> hit = [];
        await using (Pipeline first = await Pipeline.StartAsync(place))
        {
            await MeterSetup.CreateAsync(first.Postgres, "total", Aggregation.Sum);
            await MeterSetup.CreateAsync(first.Postgres, "peak", Aggregation.Max);
            await first.AppendAsync(load.Next(40));
            await first.SettleAsync();
        }

        for (int life = 1; life <= Lives; life++)
        {
            FaultyTransport transport = new() { FaultAt = life, Moment = moment, Crashes = true };
            await using Pipeline pipeline = await Pipeline.StartAsync(place, transport);
            if (life == 20)
            {
                await MeterSetup.CreateAsync(pipeline.Postgres, "late", Aggregation.Latest);
            }

            DateTimeOffset deadline = TimeProvider.System.GetUtcNow().AddSeconds(15);
            while (transport.FaultHit is null && TimeProvider.System.GetUtcNow() < deadline)
            {
                await pipeline.AppendAsync(load.Next(10));
                await Task.Delay(30);
            }

            Assert.NotNull(transport.FaultHit);
            hit.Add(transport.FaultHit);
        }

        await using Pipeline last = await Pipeline.StartAsync(place);
        await last.AppendAsync(load.Next(20));
        await last.SettleAsync();
        await AssertExactAsync(last, load);
        TestContext.Current.SendDiagnosticMessage($"Died at: {string.Join(", ", hit.Order())}");
        foreach (string table in new[] { "usage_raw", "usage_delta", "flush_log", "flush_mark" })
        {
            Assert.Contains($"{moment} insert {table}", hit);
        }
    }

    [Theory]
    [InlineData(Moment.Before, "insert usage_window")]
    [InlineData(Moment.After, "insert usage_window")]
    [InlineData(Moment.Before, "insert seal_mark")]
    [InlineData(Moment.After, "insert seal_mark")]
    [InlineData(Moment.Before, "insert dead_letter")]
    [InlineData(Moment.After, "insert dead_letter")]
    [InlineData(Moment.Before, "insert usage_delta")]
    [InlineData(Moment.After, "insert usage_delta")]
    [InlineData(Moment.After, "insert usage_raw")]
    public async Task Dying_at_this_step_loses_and_doubles_nothing(Moment moment, string statement)
    {
        Place place = await engines.NewPlaceAsync();
        Workload load = new(seed: 11);
        FaultyTransport transport = new() { FaultAt = 1, Moment = moment, Crashes = true, Counts = one => one == statement };
        await using (Pipeline dying = await Pipeline.StartAsync(place, transport))
        {
            await MeterSetup.CreateAsync(dying.Postgres, "total", Aggregation.Sum);
            await MeterSetup.CreateAsync(dying.Postgres, "peak", Aggregation.Max);
            DateTimeOffset deadline = TimeProvider.System.GetUtcNow().AddSeconds(20);
            while (transport.FaultHit is null && TimeProvider.System.GetUtcNow() < deadline)
            {
                await dying.AppendAsync(load.Next(15));
                await Task.Delay(30);
            }
        }

        Assert.True(transport.FaultHit == $"{moment} {statement}", $"Seen: {string.Join(", ", transport.Seen)}. {TestLog.Instance.Tail()}");
        await using Pipeline next = await Pipeline.StartAsync(place);
        await next.AppendAsync(load.Next(15));
        await next.SettleAsync();
        await AssertExactAsync(next, load);
    }

    [Theory]
    [InlineData(Moment.Before)]
    [InlineData(Moment.After)]
    public async Task A_lost_request_or_answer_is_repeated_and_counts_once(Moment moment)
    {
        Place place = await engines.NewPlaceAsync();
        Workload load = new(seed: 3);
        FaultyTransport transport = new() { Moment = moment };
        await using Pipeline pipeline = await Pipeline.StartAsync(place, transport);
        await MeterSetup.CreateAsync(pipeline.Postgres, "total", Aggregation.Sum);
        for (int fault = 1; fault <= 60; fault++)
        {
            transport.FaultAt = int.MaxValue;
            await pipeline.AppendAsync(load.Next(10));
            transport.Arm();
            await Task.Delay(20);
        }

        await pipeline.SettleAsync();
        await AssertExactAsync(pipeline, load);
    }

    internal static async Task AssertExactAsync(Pipeline pipeline, Workload load)
    {
        AuditReport audit = await pipeline.AuditAsync();
        Assert.Empty(audit.Findings);
        Assert.Equal(0, audit.PendingMeters);

        string[] total = await pipeline.RowsAsync("SELECT dimensions['model'] AS model, toString(sum(value)), toString(sum(events)) FROM usage_by_minute WHERE meter = 'total' GROUP BY model ORDER BY model");
        string[] expected = [.. load.Counted().GroupBy(one => one.Model).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Key}\t{group.Sum(one => one.Value) / 1.0000000000m}\t{group.Count()}"))];
        Assert.Equal(expected, total);

        string[] events = await pipeline.RowsAsync("SELECT count() FROM usage_events");
        Assert.Equal(load.Counted().Count.ToString(CultureInfo.InvariantCulture), events.Single());
        Assert.Equal(load.Duplicates + "", (audit.Duplicates).ToString(CultureInfo.InvariantCulture));
        Assert.Equal(load.Conflicts + "", (await pipeline.RowsAsync("SELECT count() FROM dead_letters WHERE code = 'conflict'")).Single());
    }
}
