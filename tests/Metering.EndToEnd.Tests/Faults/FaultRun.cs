using System.Diagnostics;
using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Model;
using Metering.EndToEnd.Tests.Running;
using Xunit.Sdk;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>A deployment under load; one fault; then every event is looked for.</summary>
internal static class FaultRun
{
    private const int Seed = 4242;
    private const int Senders = 3;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(2);

    private static readonly TestMeter[] s_meters =
    [
        new("tokens", "SUM", MadeEvent.Type, "tokens", "model"),
        new("users", "UNIQUE_COUNT", MadeEvent.Type, "user"),
        new("newest", "LATEST", MadeEvent.Type, "tokens"),
    ];

    /// <param name="strikeAsync">Breaks it under load, and returns when it is whole again.</param>
    /// <param name="mix">What each sender sends.</param>
    public static async Task<FaultResult> RunAsync<T>(FaultRow row, Func<Task<T>> startAsync, Func<T, Task<Strike>> strikeAsync, EventMix[]? mix)
        where T : IDeployment
    {
        await using T deployment = await startAsync();
        using MeteringClient client = await deployment.NewClientAsync(0);
        using MeteringClient other = await deployment.NewClientAsync(1);
        foreach (TestMeter meter in s_meters)
        {
            await client.CreateMeterAsync(meter);
        }

        SentRecords records = new();
        using CancellationTokenSource stop = new();
        HttpSender[] senders = [.. Enumerable.Range(0, Senders).Select(i => new HttpSender(
            i == 0 ? client : other, records, new EventMaker($"http-{i}", Seed + i, mix?[i % mix.Length]), Seed + i, s_pause))];
        Task load = Task.WhenAll(senders.Select(sender => sender.RunAsync(stop.Token)));
        await Task.Delay(s_quiet);
        Strike strike;
        TimeSpan recovery;
        try
        {
            strike = await strikeAsync(deployment);
            recovery = await RecoverAsync(client);
            await Task.Delay(s_quiet);
        }
        finally
        {
            await stop.CancelAsync();
            await load;
        }

        await client.SettleAsync();
        List<StoredEvent> stored = await StoredEvent.ReadAsync(client);
        string[] names = [.. stored.Select(KillTests.NameOf)];
        HashSet<string> distinct = [.. names];
        int inDoubt = senders.Sum(sender => sender.InDoubt) + deployment.InDoubt + strike.InDoubt;
        return new FaultResult(
            row, strike.Runs, records.Sent, inDoubt, records.Lost(distinct).Count(), names.Length - distinct.Count + records.Invented(distinct).Count(), recovery,
            await DifferenceAsync(client, stored), strike.Note);
    }

    private static async Task<TimeSpan> RecoverAsync(MeteringClient client)
    {
        long whole = Stopwatch.GetTimestamp();
        await client.AcceptsAsync();
        await client.ShownAsync();
        return Stopwatch.GetElapsedTime(whole);
    }

    private static async Task<string?> DifferenceAsync(MeteringClient client, List<StoredEvent> stored)
    {
        try
        {
            IReadOnlyList<StoredEvent> effective = StoredEvent.Effective(stored);
            foreach (TestMeter meter in s_meters)
            {
                await UsageModel.AssertEqualAsync(client, meter, effective);
            }

            await client.AuditAsync();
            return null;
        }
        catch (XunitException different)
        {
            return different.Message;
        }
    }
}
