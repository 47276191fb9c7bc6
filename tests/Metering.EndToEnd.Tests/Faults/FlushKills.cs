using System.Text.RegularExpressions;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>
/// SIGKILL to an aggregator at each message of a flush, to and from both stores, in turn: the n-th since it was recorded as pending never arrives, for n = 1, 2, 3 …,
/// until the read mark has been raised before that. Everything that an aggregator writes for good goes these two ways.
/// </summary>
internal sealed partial class FlushKills
{
    private const string Pending = "set pend_lo = $3";
    private const string Confirmed = "set confirmed = $4";
    private const string Mark = "INSERT INTO flush_mark";
    private const int Most = 90;
    private static readonly string[] s_steps = ["begin", "commit", "insert usage_raw", "insert usage_delta", "insert flush_log", "confirm", "insert flush_mark"];

    private readonly Lock _lock = new();
    private readonly MeteringProcess _aggregator;
    private Func<int, string, bool>? _isIt;
    private int _passed;
    private bool _isComplete;
    private string? _point;

    private FlushKills(MeteringProcess aggregator) => _aggregator = aggregator;

    public static async Task<Strike> StrikeAsync(MeteringCluster cluster)
    {
        await cluster.StopAggregatorsAsync();
        await cluster.AddAggregatorAsync("swept");
        FlushKills sweep = new(cluster.Aggregators[0]);
        cluster.PostgresRoad.Inspection = sweep.Inspect;
        cluster.ClickHouseRoad.Inspection = sweep.Inspect;
        SortedSet<string> points = [];
        int kills = 0;
        while (!sweep._isComplete)
        {
            points.Add(await sweep.KillAtAsync(++kills));
            Assert.True(kills < Most, $"no flush was complete within {kills} messages");
        }

        // Requests to ClickHouse run side by side, so what the n-th message is differs from flush to flush: what was not met in turn is met by name.
        foreach (string point in s_steps.SelectMany(step => new[] { $"request {step}", $"answer {step}" }).Where(point => !points.Contains(point)).ToArray())
        {
            points.Add(await sweep.KillAtAsync(point));
            kills++;
        }

        cluster.PostgresRoad.Inspection = cluster.ClickHouseRoad.Inspection = null;
        return new Strike(kills, Note: $"died at {string.Join(", ", points)}");
    }

    /// <returns>At what it died.</returns>
    private Task<string> KillAtAsync(int n) => KillAtAsync((passed, _) => passed == n);

    /// <inheritdoc cref="KillAtAsync(int)"/>
    private Task<string> KillAtAsync(string point) => KillAtAsync((_, passing) => passing == point);

    private async Task<string> KillAtAsync(Func<int, string, bool> isIt)
    {
        lock (_lock)
        {
            (_passed, _point, _isComplete, _isIt) = (0, null, false, isIt);
        }

        await _aggregator.EndsAsync();
        await _aggregator.StartAgainAsync();
        return _point!;
    }

    private ValueTask<Passed> Inspect(Passing passing)
    {
        lock (_lock)
        {
            bool begins = _passed == 0 && !passing.IsAnswer && passing.Asks(Pending);
            if (_isIt is not null && (begins || _passed > 0) && Name(passing) is { } step)
            {
                _passed++;
                string point = $"{(passing.IsAnswer ? "answer" : "request")} {step}";
                if (_isIt(_passed, point))
                {
                    (_isIt, _point) = (null, point);
                    MeteringProcess.Kill(_aggregator.ProcessId);
                    return new(Passed.Nothing);
                }

                _isComplete |= passing.IsAnswer && passing.Asks(Mark);
            }

            return new(new Passed(passing.Bytes));
        }
    }

    /// <summary>The step it belongs to; null for the leases, seals, audits that go on beside a flush.</summary>
    private static string? Name(Passing passing) => passing switch
    {
        _ when passing.Asks(Pending) => "begin",
        _ when passing.Asks(Confirmed) => "confirm",
        _ when Insert().Match(passing.Request) is { Success: true } insert => $"insert {insert.Groups[1].Value}",
        _ when passing.Asks("COMMIT\0") => "commit",
        _ => null,
    };

    [GeneratedRegex(@"INSERT INTO `?(usage_raw|usage_delta|dead_letter|flush_log|flush_mark)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Insert();
}
